/** What must stand before people are let in: the steward's first-start guide. */

import type { Place, Room, StewardHelpLines, StewardMember } from './types.ts';

export type StepName = 'country' | 'help_lines' | 'room' | 'moderator';

export type Step = {
  name: StepName;
  done: boolean;
  href: string;
};

export type Standing = {
  place: Place;
  lines: Pick<StewardHelpLines, 'confirmed_at'> | null;
  rooms: readonly Room[];
  members: readonly StewardMember[];
};

export function firstSteps({ place, lines, rooms, members }: Standing): Step[] {
  const confirmed = place.help_lines_confirmed || Boolean(lines?.confirmed_at);
  const open = rooms.some((room) => room.kind === 'room' && room.state === 'open');
  return [
    { name: 'country', done: place.country !== null, href: '/steward#place' },
    { name: 'help_lines', done: confirmed, href: '/steward/help-lines' },
    { name: 'room', done: open, href: '/steward/rooms' },
    { name: 'moderator', done: moderators(members).length > 0, href: '/steward/rooms' },
  ];
}

/** People who can judge a case. A second one is what makes appeals fair. */
export function moderators(members: readonly StewardMember[]): StewardMember[] {
  return members.filter((member) => member.state === 'active' && mayJudge(member));
}

function mayJudge(member: StewardMember): boolean {
  return member.role === 'moderator' || member.seats.some((seat) => /\bmoderator\b/.test(seat));
}

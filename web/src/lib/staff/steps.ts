/** What must stand before people are let in: the steward's first-start guide. */

import type { Keeper, Place, Room, StewardHelpLines } from './types.ts';

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
  /** Everybody who keeps a room. */
  keepers: readonly Keeper[];
};

export function firstSteps({ place, lines, rooms, keepers }: Standing): Step[] {
  const confirmed = place.help_lines_confirmed || Boolean(lines?.confirmed_at);
  const open = rooms.some((room) => room.kind === 'room' && room.state === 'open');
  const judged = keepers.some((keeper) => keeper.seat === 'moderator');
  return [
    { name: 'country', done: place.country !== null, href: '/steward#place' },
    { name: 'help_lines', done: confirmed, href: '/steward/help-lines' },
    { name: 'room', done: open, href: '/steward/rooms' },
    { name: 'moderator', done: judged, href: '/steward/rooms' },
  ];
}

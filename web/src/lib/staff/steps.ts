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

/** Names of open rooms where nobody but the one who decides could judge an appeal. */
export function roomsWithOneJudge(
  rooms: readonly Room[],
  keepers: Readonly<Record<string, readonly Keeper[]>>,
): string[] {
  return rooms
    .filter((room) => room.kind === 'room' && room.state === 'open')
    .filter((room) => (keepers[room.id] ?? []).filter(mayJudge).length === 1)
    .map((room) => room.name);
}

function mayJudge(keeper: Keeper): boolean {
  return keeper.seat === 'moderator' || keeper.seat === 'clinician';
}

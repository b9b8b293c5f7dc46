import { describe, expect, it } from 'vitest';
import { aPlace, aRoom } from './cast.ts';
import { firstSteps, roomsWithOneJudge, type Standing } from './steps.ts';
import type { Keeper, Room } from './types.ts';

const ROBIN = { id: 'robin', name: 'Robin', seat: 'moderator' as const };
const EMPTY: Standing = { place: aPlace(), lines: null, rooms: [], keepers: [] };

const done = (over: Partial<Standing>) =>
  firstSteps({ ...EMPTY, ...over })
    .filter((step) => step.done)
    .map((step) => step.name);

describe('the first start', () => {
  it('has everything before it in an empty place', () => {
    expect(done({})).toEqual([]);
  });

  it('is finished when people can be helped, met and looked after', () => {
    const place = aPlace({ country: 'IE', help_lines_confirmed: true });
    expect(done({ place, rooms: [aRoom()], keepers: [ROBIN] })).toHaveLength(4);
  });

  it('does not count a closed room, nor a private conversation', () => {
    const rooms = [aRoom({ state: 'closed' }), aRoom({ kind: 'conversation' })];
    expect(done({ rooms })).toEqual([]);
  });

  it('does not take a host for a moderator: somebody has to be able to judge a case', () => {
    expect(done({ keepers: [{ ...ROBIN, seat: 'host' }] })).toEqual([]);
  });

  it('believes the newest word about the help lines', () => {
    expect(done({ lines: { confirmed_at: '2026-03-01T12:00:00Z' } })).toEqual(['help_lines']);
  });
});

describe('rooms where one person decides alone', () => {
  const keeper = (id: string, seat: Keeper['seat']): Keeper => ({ id, name: id, seat });
  const room = (id: string, over: Partial<Room> = {}): Room => aRoom({ id, name: id, ...over });

  it('are named, and no others', () => {
    const keepers = {
      alone: [keeper('fern', 'moderator'), keeper('ash', 'host')],
      two: [keeper('fern', 'moderator'), keeper('still', 'moderator')],
      clinician: [keeper('fern', 'moderator'), keeper('linden', 'clinician')],
      closed: [keeper('fern', 'moderator')],
    };
    const rooms = [
      room('alone'),
      room('two'),
      room('clinician'),
      room('nobody'),
      room('closed', { state: 'closed' }),
    ];
    expect(roomsWithOneJudge(rooms, keepers)).toEqual(['alone']);
  });
});

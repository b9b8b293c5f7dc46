import { describe, expect, it } from 'vitest';
import { aPlace, aRoom } from './cast.ts';
import { firstSteps, moderators } from './steps.ts';
import type { StewardMember } from './types.ts';

const robin = (over: Partial<StewardMember> = {}): StewardMember => ({
  id: 'robin',
  pseudonym: 'Robin',
  role: 'moderator',
  state: 'active',
  joined_at: '2026-01-01T00:00:00Z',
  seats: [],
  ...over,
});
const done = (standing: Parameters<typeof firstSteps>[0]) =>
  firstSteps(standing)
    .filter((step) => step.done)
    .map((step) => step.name);

describe('the first start', () => {
  it('has everything before it in an empty place', () => {
    expect(done({ place: aPlace(), lines: null, rooms: [], members: [] })).toEqual([]);
  });

  it('is finished when people can be helped, met and looked after', () => {
    const place = aPlace({ country: 'IE', help_lines_confirmed: true });
    expect(done({ place, lines: null, rooms: [aRoom()], members: [robin()] })).toHaveLength(4);
  });

  it('does not count a closed room, nor a private conversation', () => {
    const rooms = [aRoom({ state: 'closed' }), aRoom({ kind: 'conversation' })];
    expect(done({ place: aPlace(), lines: null, rooms, members: [] })).toEqual([]);
  });
});

describe('moderators', () => {
  it('are those with the role or a seat, while they are active', () => {
    const seated = robin({ id: 'wren', role: 'peer', seats: ['Evenings: moderator'] });
    const gone = robin({ id: 'gone', state: 'removed' });
    const peer = robin({ id: 'peer', role: 'peer' });
    expect(moderators([robin(), seated, gone, peer]).map((member) => member.id)).toEqual([
      'robin',
      'wren',
    ]);
  });
});

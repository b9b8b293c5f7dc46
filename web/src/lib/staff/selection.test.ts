import { describe, expect, it } from 'vitest';
import { calling, step, survivor } from './selection.ts';

const IDS = ['a', 'b', 'c'];

describe('moving through the queue', () => {
  it('starts at the top going down and at the bottom going up', () => {
    expect(step(IDS, null, 1)).toBe('a');
    expect(step(IDS, null, -1)).toBe('c');
  });

  it('stops at both ends instead of wrapping round', () => {
    expect(step(IDS, 'c', 1)).toBe('c');
    expect(step(IDS, 'a', -1)).toBe('a');
  });

  it('goes one line at a time', () => {
    expect(step(IDS, 'b', 1)).toBe('c');
    expect(step(IDS, 'b', -1)).toBe('a');
  });

  it('has nowhere to go in an empty queue', () => {
    expect(step([], 'b', 1)).toBeNull();
  });
});

describe('after a refresh', () => {
  it('the keyboard stays on its line wherever that moved', () => {
    expect(survivor(IDS, ['x', 'c', 'b'], 'b')).toBe('b');
  });

  it('it goes to the next line when its own is gone', () => {
    expect(survivor(IDS, ['a', 'c'], 'b')).toBe('c');
  });

  it('it goes up when nothing stood below', () => {
    expect(survivor(IDS, ['a', 'b', 'x'], 'c')).toBe('b');
  });

  it('it stays nowhere when it was nowhere', () => {
    expect(survivor(IDS, ['x'], null)).toBeNull();
  });
});

describe('what calls', () => {
  const line = (over: object) => ({
    id: 'a',
    urgency: 'now',
    state: 'open',
    claimed_by: null,
    ...over,
  });

  it('is what is urgent now and taken by nobody', () => {
    const lines = [
      line({}),
      line({ id: 'b', claimed_by: 'Robin' }),
      line({ id: 'c', urgency: 'soon' }),
      line({ id: 'd', state: 'closed' }),
    ];
    expect(calling(lines).map((found) => found.id)).toEqual(['a']);
  });
});

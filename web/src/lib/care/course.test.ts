import { describe, expect, it } from 'vitest';
import { dots, level, path } from './course.ts';

const DAY = 86_400_000;
const frame = { width: 100, height: 40, from: 0, to: 10 * DAY };
const mood = (id: string, day: number, feeling: 'very_low' | 'good') => ({
  id,
  feeling,
  at: new Date(day * DAY).toISOString(),
});

describe('the course of check-ins', () => {
  it('runs from the oldest to the newest, the better the higher', () => {
    const found = dots([mood('b', 10, 'good'), mood('a', 5, 'very_low')], frame);
    expect(found.map(({ id, x, y }) => [id, x, y])).toEqual([
      ['a', 50, 40],
      ['b', 100, 10],
    ]);
    expect(path(found)).toBe('M50.0 40.0L100.0 10.0');
  });

  it('stays within its frame, also by a clock that is ahead', () => {
    expect(dots([mood('a', 12, 'good')], frame)[0]?.x).toBe(100);
    expect(level('very_good', 40)).toBe(0);
    expect(dots([], frame)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { draw, rangeOf } from './course.ts';
import type { MeasureResult } from './types.ts';

const bands = [
  { lowest: 0, name: 'minimal' },
  { lowest: 5, name: 'mild' },
  { lowest: 10, name: 'moderate' },
  { lowest: 15, name: 'severe' },
];

function course(...totals: (number | null)[]) {
  const results: MeasureResult[] = totals.map((total, index) => ({
    id: String(index),
    at: `2026-11-0${index + 1}T09:00:00Z`,
    room: null,
    answers: {},
    total,
    band: null,
    since_first: null,
    since_last: null,
  }));
  return { bands, highest: 21, results };
}

describe('a course', () => {
  it('puts each total at its time and height', () => {
    const { dots, paths } = draw(course(0, 21, 21), 200, 100);
    expect(dots.map(({ x, y }) => [x, y])).toEqual([
      [0, 100],
      [100, 0],
      [200, 0],
    ]);
    expect(paths).toEqual(['M0.0 100.0L100.0 0.0L200.0 0.0']);
  });

  it('draws no line over a result without a total', () => {
    const { dots, paths } = draw(course(3, null, 9), 200, 100);
    expect(dots.map(({ total }) => total)).toEqual([3, 9]);
    expect(paths).toEqual([]);
  });

  it('stands in the middle when it is alone', () => {
    expect(draw(course(4), 200, 100).dots.map(({ x }) => x)).toEqual([100]);
    expect(draw(course(), 200, 100).dots).toEqual([]);
  });

  it('fills the picture with the ranges, from the bottom to the top', () => {
    const { strips } = draw(course(), 200, 100);
    const ends = strips.map(({ y, height }) => y + height);
    expect(ends[0]).toBe(100);
    expect(strips.at(-1)?.y).toBe(0);
    expect(strips.slice(1).every((strip, at) => strip.y + strip.height === strips[at]?.y)).toBe(
      true,
    );
  });

  it('names the range that a band stands for', () => {
    expect(rangeOf(course(), 'mild')).toEqual([5, 9]);
    expect(rangeOf(course(), 'severe')).toEqual([15, 21]);
    expect(rangeOf(course(), 'none of ours')).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { along, dayAlong, labelled, lines, niceTop, topOf } from './trend.ts';

const frame = { width: 400, height: 100 };
const readings = (...values: (number | null)[]) => values.map((value) => ({ value }));

describe('a line of weeks', () => {
  it('has a gap where a week is not shown, and no nought', () => {
    const [line] = lines([{ name: 'people', readings: readings(10, 20, null, 20) }], 20, frame);
    expect(line?.paths).toEqual(['M50.0 50.0L150.0 0.0', 'M350.0 0.0']);
    expect(line?.marks.map(({ alone }) => alone)).toEqual([false, false, true]);
    expect(line?.marks.every(({ y }) => y < 100)).toBe(true);
  });

  it('is nothing when no week may be shown', () => {
    const [line] = lines([{ name: 'people', readings: readings(null, null) }], 10, frame);
    expect(line).toEqual({ name: 'people', paths: [], bands: [], marks: [] });
  });

  it('has a band between its ends, where both are known', () => {
    const wide = { value: 0.5, low: 0.25, high: 0.75 };
    const [line] = lines([{ name: 'heard', readings: [wide, wide] }], 1, frame);
    expect(line?.bands).toEqual(['M100.0 25.0L300.0 25.0L300.0 75.0L100.0 75.0Z']);
    expect(lines([{ name: 'heard', readings: [wide] }], 1, frame)[0]?.bands).toEqual([]);
  });

  it('never leaves its frame', () => {
    const [line] = lines([{ name: 'people', readings: readings(30) }], 20, frame);
    expect(line?.marks).toEqual([{ x: 200, y: 0, alone: true }]);
  });
});

describe('the weeks along the bottom', () => {
  const starts = ['2026-03-02', '2026-03-09', '2026-03-23'];

  it('each have the same room', () => {
    expect([0, 1].map((index) => along(index, 2, 400))).toEqual([100, 300]);
  });

  it('hold a day where it lies in its week', () => {
    expect(dayAlong('2026-03-12', starts, 300)).toBe(150);
  });

  it('hold no day of a week that is not there', () => {
    expect(dayAlong('2026-03-17', starts, 300)).toBeNull();
    expect(dayAlong('2026-03-01', starts, 300)).toBeNull();
  });

  it('are not all named when they are many, but the newest is', () => {
    expect(labelled(3, 6)).toEqual([0, 1, 2]);
    expect(labelled(53, 6)).toEqual([7, 16, 25, 34, 43, 52]);
    expect(labelled(0, 6)).toEqual([]);
  });
});

describe('a round top', () => {
  it.each([
    [0, 10],
    [10, 10],
    [11, 12],
    [45, 50],
    [95, 100],
    [101, 120],
    [2_500, 3_000],
  ])('for %i is %i', (value, top) => {
    expect(niceTop(value)).toBe(top);
    expect(topOf([{ name: 'a', readings: readings(null, value) }])).toBe(top);
  });
});

import { describe, expect, it } from 'vitest';
import { aWeek, hidden, shown } from './cast.ts';
import {
  along,
  dayBars,
  heardParts,
  looks,
  niceTop,
  nudgeParts,
  weekAfter,
  weekBefore,
} from './figures.ts';

const frame = { width: 700, height: 100 };
const day = (name: string, people: number | null) => ({
  day: name,
  people: people === null ? hidden : shown(people),
  messages: hidden,
});

describe('bars of a week', () => {
  const chart = dayBars(
    [day('2026-02-23', 20), day('2026-02-24', null), day('2026-02-25', 10)],
    'people',
    frame,
  );

  it('stand on the ground and reach their share of the top', () => {
    expect(chart.top).toBe(20);
    expect(chart.bars[0]).toMatchObject({ y: 0, height: 100 });
    expect(chart.bars[2]).toMatchObject({ y: 50, height: 50 });
  });

  it('tell a day that is not shown from a day with nobody', () => {
    expect(chart.bars[1]?.value).toBeNull();
  });

  it('do not touch each other', () => {
    const [first, second] = chart.bars;
    expect((first?.x ?? 0) + (first?.width ?? 0)).toBeLessThan(second?.x ?? 0);
  });

  it('keep their scale when nothing may be shown', () => {
    expect(dayBars([day('2026-02-23', null)], 'people', frame).top).toBe(10);
  });

  it('are nothing when there are no days', () => {
    expect(dayBars([], 'people', frame).bars).toEqual([]);
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
  });
});

describe('what became of nudges', () => {
  it('hatches what is not known instead of calling it nought', () => {
    const parts = nudgeParts(aWeek(), 400);
    expect(parts.map(({ name, width }) => [name, width])).toEqual([
      ['edited', 200],
      ['as_is', 100],
      ['rest', 100],
    ]);
  });

  it('never draws past the end though rounded parts exceed a rounded whole', () => {
    const parts = nudgeParts(aWeek({ nudges: shown(20) }), 400);
    const last = parts.at(-1);
    expect((last?.x ?? 0) + (last?.width ?? 0)).toBeCloseTo(400);
  });

  it('is empty when no figure may be shown', () => {
    const week = aWeek({ nudges: hidden, nudges_edited: hidden, nudges_sent_as_is: hidden });
    expect(nudgeParts(week, 400)).toEqual([]);
  });

  it('shares felt heard and not yet by their counts', () => {
    expect(heardParts(aWeek(), 400).map((part) => part.width)).toEqual([300, 100]);
  });
});

describe('time to the first human look', () => {
  it('places medians on a line of even steps of magnitude', () => {
    const [now, soon] = looks(aWeek(), 100);
    expect(now).toMatchObject({ urgency: 'now', cases: 10, median_s: 180 });
    expect(now?.at).toBeGreaterThan(0);
    expect(soon).toMatchObject({ urgency: 'soon', cases: null, at: null });
  });

  it('stays on the line at both ends', () => {
    expect(along(1, 100)).toBe(0);
    expect(along(10_000_000, 100)).toBe(100);
  });
});

describe('going through weeks', () => {
  it('goes from Monday to Monday, over the end of a month', () => {
    expect(weekBefore({ start: '2026-03-02T00:00:00Z' })).toBe('2026-02-23');
    expect(weekAfter({ end: '2026-03-02T00:00:00Z' }, Date.parse('2026-03-04T00:00:00Z'))).toBe(
      '2026-03-02',
    );
  });

  it('leaves no day out between the last seven days and the week before them', () => {
    // The last seven days of Saturday the 21st begin on Sunday the 15th.
    expect(weekBefore({ start: '2026-11-15T00:00:00Z' })).toBe('2026-11-09');
  });

  it('offers no week that has not begun', () => {
    const end = '2026-03-02T00:00:00Z';
    expect(weekAfter({ end }, Date.parse(end) - 1)).toBeNull();
    expect(weekAfter({ end }, Date.parse(end))).toBe('2026-03-02');
  });
});

import { describe, expect, it } from 'vitest';
import type { ClimateWeek } from './types.ts';
import { bestWeek, firstReplyDetail } from './words.ts';

function week(start: string, wait: number | null, answered: number | null = 20): ClimateWeek {
  const figures = { first_reply_s: wait, asks_answered: answered };
  return { start, end: start, figures, shares: {} };
}

describe('the middle wait for a first reply', () => {
  const first = week('2026-10-05', 9_000);
  const shown = week('2026-11-08', 1_200, 35);
  const weeks = [
    first,
    ...[1, 2, 3, 4, 5, 6].map((n) => week(`2026-11-0${n}`, null, null)),
    week('2026-11-07', 600),
    shown,
    week('2026-11-09', 60),
  ];

  it('says of how many asks, and between what it was in eight weeks', () => {
    const said = firstReplyDetail(weeks, shown);
    expect(said).toContain('35');
    expect(said).toContain('between 10 min');
    expect(said).toContain('and 20 min');
  });

  it('says how sure the middle is, where that is shown, rather than what was before', () => {
    const figures = { ...shown.figures, first_reply_low_s: 480, first_reply_high_s: 3_000 };
    const said = firstReplyDetail(weeks, { ...shown, figures });
    expect(said).toBe('Of about 35 answered asks. Likely between 8 minutes and 50 minutes.');
  });

  it('knows no span from one week alone, and none from weeks that come after', () => {
    expect(firstReplyDetail(weeks, first)).toBe('Of about 20 answered asks.');
  });
});

describe('the week that is looked at first', () => {
  const share = { value: 0.5, low: 0.3, high: 0.7, count: 10, of: 20, weeks: 1 };
  const scored = { ...week('2026-11-02', 600), shares: { asks_answered: share } };
  const few = week('2026-11-09', null, 10);
  const nothing = week('2026-11-16', null, null);

  it('is the newest that the scorecard speaks of, not one of too few people', () => {
    expect(bestWeek({ weeks: [scored, few, nothing] })).toBe(scored);
    expect(bestWeek({ weeks: [few, nothing] })).toBe(few);
    expect(bestWeek({ weeks: [nothing] })).toBe(nothing);
    expect(bestWeek({ weeks: [] })).toBeUndefined();
  });
});

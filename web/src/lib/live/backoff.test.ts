import { describe, expect, it } from 'vitest';
import { backoffS, hintS } from './backoff.ts';

describe('waiting before the next try', () => {
  it('is drawn from nothing to a ceiling that doubles up to thirty seconds', () => {
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const ceiling = Math.min(30, 0.5 * 2 ** attempt);
      expect(backoffS(attempt, 0)).toBe(0);
      expect(backoffS(attempt, 0.3)).toBeCloseTo(0.3 * ceiling);
      expect(backoffS(attempt, 0.999_999)).toBeLessThan(ceiling);
    }
  });

  it('spreads a crowd over the whole ceiling', () => {
    expect(backoffS(6, 0.1)).toBeCloseTo(3);
    expect(backoffS(6, 0.9)).toBeCloseTo(27);
  });

  it('begins after the server’s own wish, which is never longer than half a minute', () => {
    expect(backoffS(0, 0.5, 3)).toBeCloseTo(3.25);
    expect(backoffS(0, 0.5, 86_400)).toBeCloseTo(30.25);
    expect(backoffS(0, 0.5, -1)).toBeCloseTo(0.25);
  });

  it('takes a reason that is no number for no wish', () => {
    expect(['2.5', '', 'soon', 'NaN', 'Infinity'].map(hintS)).toEqual([
      2.5,
      null,
      null,
      null,
      null,
    ]);
  });
});

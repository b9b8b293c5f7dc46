import { describe, expect, it } from 'vitest';
import { backoffS } from './backoff.ts';

describe('waiting before the next try', () => {
  it('never waits less than half a second nor more than thirty', () => {
    for (let attempt = 0; attempt < 40; attempt += 1)
      for (const random of [0, 0.3, 0.999_999]) {
        expect(backoffS(attempt, random)).toBeGreaterThanOrEqual(0.5);
        expect(backoffS(attempt, random)).toBeLessThanOrEqual(30);
      }
  });

  it('spreads a crowd over the whole ceiling', () => {
    expect(backoffS(6, 0.1)).toBeCloseTo(3);
    expect(backoffS(6, 0.9)).toBeCloseTo(27);
  });
});

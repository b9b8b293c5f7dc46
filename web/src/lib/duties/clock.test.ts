import { describe, expect, it } from 'vitest';
import { clockOf } from './clock.ts';

const DAY = { since: '2026-11-16T09:00:00Z', due_at: '2026-11-17T09:00:00Z' };
const at = (time: string) => clockOf(DAY, Date.parse(time));

describe('the take-down clock', () => {
  it('says how much is left, when that is little, and when it is past', () => {
    expect(at('2026-11-16T09:00:00Z')).toEqual({ state: 'calm', left_s: 86_400 });
    expect(at('2026-11-17T02:59:00Z').state).toBe('calm');
    expect(at('2026-11-17T03:00:00Z')).toEqual({ state: 'near', left_s: 21_600 });
    expect(at('2026-11-17T09:00:00Z')).toEqual({ state: 'past', left_s: 0 });
    expect(at('2026-11-17T10:00:00Z')).toEqual({ state: 'past', left_s: -3_600 });
  });

  it('is past where it never ran', () => {
    expect(clockOf({ since: DAY.since, due_at: DAY.since }, Date.parse(DAY.since)).state).toBe(
      'past',
    );
  });
});

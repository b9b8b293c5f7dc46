import { describe, expect, it } from 'vitest';
import { dueClock, hasAged, span } from './due.ts';

const OPENED = '2026-03-01T12:00:00Z';
const start = Date.parse(OPENED);
const line = (minutes: number, over: object = {}) => ({
  opened_at: OPENED,
  due_at: new Date(start + minutes * 60_000).toISOString(),
  seen_by_a_person: false,
  state: 'open' as const,
  urgency: 'routine',
  ...over,
});

describe('the due clock', () => {
  it.each([
    [0, 'calm', 300],
    [224, 'calm', 76],
    [225, 'close', 75],
    [299, 'close', 1],
    [300, 'late', 0],
    [420, 'late', -120],
  ])('after %i of 300 seconds is %s with %i left', (after_s, state, left) => {
    const clock = dueClock(line(5), start + after_s * 1000);
    expect(clock.state).toBe(state);
    expect(clock.left_s).toBe(left);
  });

  it('stops at the first human act, however late', () => {
    expect(dueClock(line(5, { seen_by_a_person: true }), start + 3_600_000).state).toBe('stopped');
  });

  it('stops when the case is closed', () => {
    expect(dueClock(line(5, { state: 'closed' }), start + 3_600_000).state).toBe('stopped');
  });

  it('survives a case that was due when it opened', () => {
    const clock = dueClock(line(0), start);
    expect(clock).toMatchObject({ state: 'late', spent: 1 });
  });
});

describe('ageing', () => {
  it('moves a routine case up once it is late by its whole due time', () => {
    expect(hasAged(line(60), start + 119 * 60_000)).toBe(false);
    expect(hasAged(line(60), start + 120 * 60_000)).toBe(true);
  });

  it('moves a soon up once it is late', () => {
    expect(hasAged(line(60, { urgency: 'soon' }), start + 59 * 60_000)).toBe(false);
    expect(hasAged(line(60, { urgency: 'soon' }), start + 60 * 60_000)).toBe(true);
  });

  it('moves what has no urgency as well', () => {
    expect(hasAged(line(60, { urgency: 'none' }), start + 120 * 60_000)).toBe(true);
  });

  it('never speaks of a now, which is first anyway', () => {
    expect(hasAged(line(5, { urgency: 'now' }), start + 9_000_000)).toBe(false);
  });
});

describe('a span of time', () => {
  it.each([
    [0, 'seconds'],
    [59, 'seconds'],
    [60, 'minutes'],
    [61, 'minutes_seconds'],
    [-61, 'minutes_seconds'],
    [600, 'minutes'],
    [3_599, 'minutes'],
    [3_600, 'hours'],
    [3_660, 'hours_minutes'],
    [86_400, 'days'],
    [90_000, 'days_hours'],
  ])('of %i s is told in %s', (seconds, key) => {
    expect(span(seconds).key).toBe(key);
  });

  it('keeps its parts', () => {
    expect(span(93_784).values).toEqual({ days: 1, hours: 2, minutes: 3, seconds: 4 });
  });
});

import { describe, expect, it } from 'vitest';
import { fieldsOf, isLive, isOver, minutesOf, momentOf } from './when.ts';

const SESSION = { starts_at: '2026-12-03T18:00:00Z', ends_at: '2026-12-03T19:30:00Z' };
const at = (time: string) => Date.parse(`2026-12-03T${time}Z`);

describe('a group session', () => {
  it.each([
    ['17:59:59', false],
    ['18:00:00', true],
    ['19:29:59', true],
    ['19:30:00', false],
  ])('at %s is on: %s', (time, live) => {
    expect(isLive(SESSION, at(time))).toBe(live);
  });

  it('that was cancelled is never on', () => {
    expect(isLive({ ...SESSION, cancelled: true }, at('18:30:00'))).toBe(false);
  });

  it('is over at its end, and lasts from its start to it', () => {
    expect(isOver(SESSION, at('19:29:59'))).toBe(false);
    expect(isOver(SESSION, at('19:30:00'))).toBe(true);
    expect(minutesOf(SESSION)).toBe(90);
  });

  it('comes out of its fields as it went in', () => {
    const { day, time } = fieldsOf(new Date(SESSION.starts_at));
    expect(momentOf(day, time)).toBe('2026-12-03T18:00:00.000Z');
    expect(momentOf('', '18:00')).toBeNull();
  });
});

import { afterEach, expect, it } from 'vitest';
import { noteServerTime, serverNow } from './server-clock.ts';

const HERE = Date.parse('2026-03-01T12:00:00Z');

afterEach(() => {
  noteServerTime(new Date(HERE).toUTCString(), HERE);
});

it('a clock that goes seven minutes fast is set right', () => {
  noteServerTime('Sun, 01 Mar 2026 11:53:00 GMT', HERE);
  expect(serverNow(HERE)).toBe(HERE - 7 * 60_000);
});

it('a second or two is the way of the answer, not an error', () => {
  noteServerTime('Sun, 01 Mar 2026 11:59:58 GMT', HERE);
  expect(serverNow(HERE)).toBe(HERE);
});

it.each([null, '', 'soon'])('an answer that says %s changes nothing', (header) => {
  noteServerTime('Sun, 01 Mar 2026 11:53:00 GMT', HERE);
  noteServerTime(header, HERE);
  expect(serverNow(HERE)).toBe(HERE - 7 * 60_000);
});

import { describe, expect, it } from 'vitest';
import { shownFor } from './shown.ts';
import { clockOf, minutesOf, newDevice } from './subscription.ts';

const CALL = { words: 'Somebody may need you', path: '/queue' };
const REMINDER = { title: 'Reminder', body: 'Please have a look.', quiet: null };

describe('a call on a device', () => {
  it('shows generic words and goes to a page of ours', () => {
    expect(shownFor(CALL, null)).toEqual({
      title: 'Hearth',
      body: 'Somebody may need you',
      path: '/queue',
    });
  });

  it('shows nothing but the words that were chosen on this device', () => {
    expect(shownFor({ ...CALL, title: 'Marram', room: 'Low days' }, REMINDER)).toEqual({
      title: 'Reminder',
      body: 'Please have a look.',
      path: '/queue',
    });
  });

  it('is a call also when it cannot be read, and leads where every member may go', () => {
    for (const broken of [null, 'x', 3, {}, { words: 5, path: [] }])
      expect(shownFor(broken, REMINDER)).toMatchObject({ title: 'Reminder', path: '/rooms' });
  });

  it('never leads away from this place', () => {
    for (const path of ['//evil.example', 'https://evil.example', 'queue', '/\\evil', '/a?b=c'])
      expect(shownFor({ ...CALL, path }, null).path).toBe('/rooms');
    expect(shownFor({ ...CALL, path: '/settings' }, null).path).toBe('/settings');
  });
});

describe('a subscription', () => {
  const keys = { p256dh: 'B'.repeat(87), auth: 'A'.repeat(22) };

  it('goes to the server with its keys and the time zone of the device', () => {
    const endpoint = 'https://push.example/one';
    const device = newDevice({ toJSON: () => ({ endpoint, keys }) }, { start: 1320, end: 420 });
    expect(device).toMatchObject({ endpoint, ...keys, quiet: { start: 1320, end: 420 } });
    expect(device.time_zone).not.toBe('');
  });

  it('without keys is none', () => {
    expect(() => newDevice({ toJSON: () => ({ endpoint: 'https://x.example' }) }, null)).toThrow();
  });

  it('has quiet hours in minutes of the day', () => {
    expect(minutesOf('22:30')).toBe(1350);
    expect(clockOf(1350)).toBe('22:30');
    expect(clockOf(minutesOf('00:05'))).toBe('00:05');
  });
});

import { describe, expect, it } from 'vitest';
import { aMessage } from './cast.ts';
import { nearby } from './nearby.ts';

const talk = (count: number, subject: number, reply_to: string | null = null) =>
  Array.from({ length: count }, (_, at) =>
    aMessage(`m${at}`, { subject: at === subject, reply_to: at === subject ? reply_to : null }),
  );
const ids = (shown: { id: string }[]) => shown.map((message) => message.id);

describe('the messages near a subject', () => {
  it('are a few on either side, and the rest is counted', () => {
    const { shown, before, after } = nearby(talk(9, 4), 2);
    expect(ids(shown)).toEqual(['m2', 'm3', 'm4', 'm5', 'm6']);
    expect([before, after]).toEqual([2, 2]);
  });

  it('reach back to what the subject answers', () => {
    expect(ids(nearby(talk(6, 5, 'm1'), 1).shown)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
  });

  it('end where the room ends', () => {
    expect(nearby(talk(2, 0), 3)).toMatchObject({ before: 0, after: 0 });
  });

  it('are all of them when the case has no message', () => {
    expect(nearby(talk(4, -1), 1).shown).toHaveLength(4);
  });

  it('hold every subject when there are several', () => {
    const messages = talk(8, 2).map((message, at) => ({
      ...message,
      subject: at === 2 || at === 5,
    }));
    expect(ids(nearby(messages, 1).shown)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5', 'm6']);
  });
});

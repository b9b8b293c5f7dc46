import { describe, expect, it } from 'vitest';
import { remembered } from '#lib/live/cast.ts';
import { blocksOf, firstUnreadOf, linesOf } from './lines.ts';

const ben = { id: 'ben', name: 'Ben', role: 'peer' } as const;
const noon = '2026-11-20T12:00:00';

describe('the lines of a log', () => {
  it('begin each day once', () => {
    const messages = [
      remembered(1, { at: noon }),
      remembered(2, { at: '2026-11-20T13:00:00' }),
      remembered(3, { at: '2026-11-21T12:00:00' }),
    ];
    expect(linesOf(messages, null).map((line) => line.type)).toEqual([
      'day',
      'message',
      'message',
      'day',
      'message',
    ]);
  });

  it('name an author once while they go on speaking', () => {
    const messages = [
      remembered(1, { at: noon }),
      remembered(2, { at: '2026-11-20T12:01:00' }),
      remembered(3, { at: '2026-11-20T12:02:00', author: ben }),
      remembered(4, { at: '2026-11-20T12:30:00', author: ben }),
    ];
    const firsts = linesOf(messages, null).flatMap((line) =>
      line.type === 'message' ? line.first : [],
    );
    expect(firsts).toEqual([true, false, true, true]);
  });

  it('mark where the reader left off, not counting their own words', () => {
    const messages = [
      remembered(1),
      remembered(2, { author: ben }),
      remembered(3),
      remembered(4, { author: ben }),
    ];
    expect(firstUnreadOf(messages, 1, 'ada')).toBe('message-2');
    expect(firstUnreadOf(messages, 2, 'ada')).toBe('message-4');
    expect(firstUnreadOf(messages, 4, 'ada')).toBeNull();
    expect(firstUnreadOf(messages.slice(1), 1, 'ada')).toBe('message-2');
    const lines = linesOf(messages, 'message-2');
    expect(lines.map((line) => line.key).slice(0, 4)).toEqual([
      lines[0]?.key,
      'message-1',
      'new',
      'message-2',
    ]);
  });
});

describe('blocks of a log', () => {
  const blocks = (...seqs: number[]) =>
    blocksOf(
      linesOf(
        seqs.map((seq) => remembered(seq, { at: noon })),
        null,
      ),
    );

  it('hold every line once, in order', () => {
    const lines = linesOf([remembered(14), remembered(15), remembered(16)], 'message-16');
    expect(blocksOf(lines).flatMap((block) => block.lines)).toEqual(lines);
  });

  it('keep their bounds when earlier messages come', () => {
    const before = blocks(20, 31, 32, 40).map(({ key }) => key);
    const after = blocks(3, 15, 16, 20, 31, 32, 40).map(({ key }) => key);
    expect(before).toEqual([1, 2]);
    expect(after).toEqual([0, 1, 2]);
  });

  it('have keys of their own even where the order is broken', () => {
    const keys = blocks(20, 3, 40).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

import { expect, it } from 'vitest';
import { remembered } from '#lib/live/cast.ts';
import { batchOf } from './batch.ts';

const said = [1, 2, 3, 4].map((seq) => remembered(seq));
const mine = (seq: number) =>
  remembered(seq, { author: { id: 'me', name: 'Willow', role: 'peer' } });
const seqs = (messages: readonly { seq: number }[]) => messages.map(({ seq }) => seq);

it('what others say waits until it is asked for', () => {
  const { shown, waiting } = batchOf(said, 'message-2', 'me');
  expect([seqs(shown), seqs(waiting)]).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

it('whoever speaks sees what was said before', () => {
  const { shown, waiting } = batchOf([...said, mine(5), remembered(6)], 'message-1', 'me');
  expect([seqs(shown), seqs(waiting)]).toEqual([[1, 2, 3, 4, 5], [6]]);
});

it('nothing waits where nobody asked for it, or where the place is lost', () => {
  for (const upTo of [null, 'gone']) expect(batchOf(said, upTo, 'me').waiting).toEqual([]);
});

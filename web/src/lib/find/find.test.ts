import { expect, it } from 'vitest';
import { remembered } from '#lib/live/cast.ts';
import { findIn } from './find.ts';

const said = [
  remembered(1, { text: 'The café by the sea was closed' }),
  remembered(2, { text: 'A CAFE again' }),
  remembered(3, { text: 'cafe', state: 'withdrawn' }),
  remembered(4, { text: 'cafe', content_note: 'Loss' }),
];
const all = () => true;

it('finds words with and without marks and capitals, the newest first', () => {
  const found = findIn(said.slice(0, 3), 'Cafe', all);
  expect(found.map(({ message, hit }) => [message.seq, hit])).toEqual([
    [2, 'CAFE'],
    [1, 'café'],
  ]);
  expect(found[1]?.after).toBe(' by the sea was closed');
});

it('does not lay open what is folded away', () => {
  expect(findIn(said, 'cafe', ({ content_note }) => !content_note)).toHaveLength(2);
});

it('asks for two letters at least', () => {
  expect(findIn(said, ' c', all)).toEqual([]);
});

it('keeps places right in letters that grow when they are folded', () => {
  const [found] = findIn([remembered(1, { text: 'İzmir, ﬁn: naïve joy' })], 'naive', all);
  expect(found?.hit).toBe('naïve');
});

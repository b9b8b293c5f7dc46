import { expect, it } from 'vitest';
import { codePoints, marked } from './text.ts';

it('counts an emoji as one, as the server does', () => {
  expect(codePoints('a😀b')).toBe(3);
});

it('marks code points, so that an emoji before a word does not shift the mark', () => {
  expect(marked('😀 you idiot!', [{ start: 6, end: 11 }])).toEqual([
    { text: '😀 you ', marked: false },
    { text: 'idiot', marked: true },
    { text: '!', marked: false },
  ]);
});

it('joins overlapping spans and ignores what lies past the end', () => {
  const spans = [
    { start: 0, end: 2 },
    { start: 1, end: 3 },
    { start: 9, end: 20 },
  ];
  expect(marked('abcd', spans)).toEqual([
    { text: 'abc', marked: true },
    { text: 'd', marked: false },
  ]);
});

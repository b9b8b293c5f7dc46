import { expect, it } from 'vitest';
import { inSize } from './size.ts';

it.each([
  [0, '1 KB'],
  [12_400, '12 KB'],
  [3_420_000, '3.4 MB'],
])('%d bytes are %s', (bytes, words) => {
  expect(inSize(bytes)).toBe(words);
});

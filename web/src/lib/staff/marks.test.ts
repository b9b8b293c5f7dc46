import { describe, expect, it } from 'vitest';
import { pieces } from './marks.ts';

const mark = (start: number, end: number, signal = 'risk') => ({ start, end, signal });

describe('marked pieces', () => {
  it('leave a text without marks whole', () => {
    expect(pieces('all is well', [])).toEqual([{ text: 'all is well', signals: [] }]);
  });

  it('count code points, so that an emoji before the words does not shift the mark', () => {
    const text = '👩‍🚀🫂 I have the pills';
    const start = Array.from('👩‍🚀🫂 ').length;
    const cut = pieces(text, [mark(start, start + 6)]);
    expect(cut.map((piece) => piece.text)).toEqual(['👩‍🚀🫂 ', 'I have', ' the pills']);
  });

  it('keep both signals where marks overlap', () => {
    expect(pieces('abcdef', [mark(0, 4, 'a'), mark(2, 6, 'b')])).toEqual([
      { text: 'ab', signals: ['a'] },
      { text: 'cd', signals: ['a', 'b'] },
      { text: 'ef', signals: ['b'] },
    ]);
  });

  it('name a signal once, though two marks carry it', () => {
    expect(pieces('ab', [mark(0, 2), mark(0, 2)])[0]?.signals).toEqual(['risk']);
  });

  it('are one where marks of the same signal overlap', () => {
    expect(pieces('abcdef', [mark(0, 5), mark(2, 3)])).toEqual([
      { text: 'abcde', signals: ['risk'] },
      { text: 'f', signals: [] },
    ]);
  });

  it('clip marks that reach over the ends and drop those outside', () => {
    expect(pieces('abc', [mark(-2, 1), mark(7, 9), mark(2, 2)])).toEqual([
      { text: 'a', signals: ['risk'] },
      { text: 'bc', signals: [] },
    ]);
  });

  it('never lose a character', () => {
    const text = 'ة𝒳\n e\u0301 🏳️‍🌈';
    for (let start = 0; start < 12; start++) {
      const joined = pieces(text, [mark(start, start + 3), mark(1, 5, 'x')]).map(
        (piece) => piece.text,
      );
      expect(joined.join('')).toBe(text);
    }
  });

  it('make nothing of an empty text', () => {
    expect(pieces('', [mark(0, 3)])).toEqual([]);
  });
});

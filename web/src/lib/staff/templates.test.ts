import { describe, expect, it } from 'vitest';
import { aLine } from './cast.ts';
import { isUnedited, nextStart } from './templates.svelte.ts';

const STARTS = [{ words: 'One.' }, { words: 'Two.' }];

describe('words to start from', () => {
  it('follow one another, both ways and round', () => {
    expect(nextStart(STARTS, '', 1)).toBe('One.');
    expect(nextStart(STARTS, 'One.', 1)).toBe('Two.');
    expect(nextStart(STARTS, 'Two.', 1)).toBe('One.');
    expect(nextStart(STARTS, '', -1)).toBe('Two.');
    expect(nextStart(STARTS, 'One.', -1)).toBe('Two.');
  });

  it('never replace what somebody wrote', () => {
    expect(nextStart(STARTS, 'One. And I am here.', 1)).toBe('One. And I am here.');
    expect(nextStart([], 'Mine.', 1)).toBe('Mine.');
  });
});

describe('the first words to somebody who may be in danger', () => {
  it('are asked about when they came ready made', () => {
    expect(isUnedited(aLine(), 'reach_out', ' One. ', STARTS)).toBe(true);
    expect(isUnedited(aLine(), 'reach_out', 'One. Marram, I read you.', STARTS)).toBe(false);
  });

  it('and only those', () => {
    const calm = aLine({ kind: 'harm', about: null });
    expect(isUnedited(calm, 'reach_out', 'One.', STARTS)).toBe(false);
    expect(isUnedited(aLine(), 'warn', 'One.', STARTS)).toBe(false);
  });
});

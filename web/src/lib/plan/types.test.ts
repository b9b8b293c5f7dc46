import { describe, expect, it } from 'vitest';
import { emptyPlan, isTooMuch, planOf, writtenOf } from './types.ts';

const PLAN = { ...emptyPlan(), signs: ['I stop opening the curtains.'], worth: ['قطتي'] };

describe('the fields of a plan', () => {
  it('hold one line for each thing, and give back what was kept', () => {
    expect(planOf(writtenOf(PLAN))).toEqual(PLAN);
    expect(planOf({ ...writtenOf(PLAN), signs: ' one \n\n two' }).signs).toEqual(['one', 'two']);
  });

  it('say what is too much', () => {
    expect(isTooMuch('x\n'.repeat(12))).toBe(false);
    expect(isTooMuch('x\n'.repeat(13))).toBe(true);
    expect(isTooMuch('🙂'.repeat(280))).toBe(false);
    expect(isTooMuch('x'.repeat(281))).toBe(true);
  });
});

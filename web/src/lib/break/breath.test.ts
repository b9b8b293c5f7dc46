import { expect, it } from 'vitest';
import { BREAK_S, breathAt } from './breath.ts';

it('breathes in for four seconds and out for six', () => {
  const breaths = Array.from({ length: 20 }, (_, second) => breathAt(second));
  expect(breaths.filter((breath) => breath === 'in')).toHaveLength(8);
  expect(breaths.slice(0, 5)).toEqual(['in', 'in', 'in', 'in', 'out']);
  expect(BREAK_S).toBe(120);
});

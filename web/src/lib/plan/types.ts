/** The bodies of one's own plan, and its steps in their order. */

import type { Body } from '#lib/api/types.ts';

export type OwnPlan = Body<'OwnPlan'>;
export type Plan = Required<Body<'Plan'>>;
export type Step = keyof Plan;
/** unsaved: not yet with the server, and written in place of `version`. */
export type Copy = { plan: Plan; version: number; unsaved: boolean };

export const STEPS = [
  'signs',
  'by_myself',
  'distraction',
  'people',
  'professionals',
  'surroundings',
  'worth',
] as const satisfies readonly Step[];

/** As the server has it. */
export const MOST_LINES = 12;
export const MOST_LETTERS = 280;

export type Written = Record<Step, string>;

export function emptyPlan(): Plan {
  return Object.fromEntries(STEPS.map((step) => [step, []])) as unknown as Plan;
}

/** As it stands in the fields: one line for each thing. */
export function writtenOf(plan: Plan): Written {
  return Object.fromEntries(STEPS.map((step) => [step, plan[step].join('\n')])) as Written;
}

export function planOf(written: Written): Plan {
  return Object.fromEntries(STEPS.map((step) => [step, linesOf(written[step])])) as Plan;
}

/** Whether a step holds more than can be kept: said, never cut off. */
export function isTooMuch(text: string): boolean {
  const lines = linesOf(text);
  return lines.length > MOST_LINES || lines.some((line) => [...line].length > MOST_LETTERS);
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

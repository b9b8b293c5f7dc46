/** Which presses are ours: single keys, never while somebody writes, chooses or reads a dialog. */

import type { Action, Handling, Urgency } from './types.ts';

/** One key for each decision; the same letters stand on the buttons. */
export const ACTION_KEYS: Readonly<Record<Action, string>> = {
  reach_out: 'r',
  care_note: 'm',
  share_resources: 's',
  hide: 'h',
  warn: 'w',
  pause: 'p',
  remove_member: 'x',
  remove_from_place: 'X',
  dismiss: 'd',
  escalate: 'e',
  uphold: 'y',
  overturn: 'o',
  change: 'g',
};

/** Digits set the two axes: 0 to 3 how soon, for the author; 7 to 9 what its readers see. */
export const URGENCY_KEYS: Readonly<Record<Urgency, string>> = {
  none: '0',
  routine: '1',
  soon: '2',
  now: '3',
};
export const HANDLING_KEYS: Readonly<Record<Handling, string>> = {
  publish: '7',
  collapse: '8',
  hold: '9',
};

/** Between colleagues, and about the case itself. */
export const TOOL_KEYS = {
  hand_over: 't',
  opinion: 'a',
  rule_wrong: 'f',
  show_again: 'z',
} as const;
export type Tool = keyof typeof TOOL_KEYS;

/** For oneself: a pause, no pause (or back from it), giving a case away, and what was left to others. */
export const GUARD_KEYS = { pause: 'b', skip: 'B', not_today: 'T', anyway: 'N' } as const;

/** Takes the newest decision back, on whichever page one is. */
export const UNDO_KEY = 'u';

/** Moving may be held down; deciding may not. */
const MAY_REPEAT = new Set(['j', 'k']);

const WRITING = 'input, textarea, select, [contenteditable], dialog[open]';

/** The key that was pressed for us, or null when the press belongs to something else. */
export function keyFor(event: KeyboardEvent): string | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.isComposing || (event.repeat && !MAY_REPEAT.has(event.key))) return null;
  if (event.target instanceof Element && event.target.closest(WRITING)) return null;
  if (document.querySelector('dialog[open]')) return null;
  return event.key;
}

/** The name in `keys` that this key stands for, if it is among those allowed. */
export function nameFor<Name extends string>(
  key: string,
  keys: Readonly<Record<Name, string>>,
  allowed: readonly Name[],
): Name | null {
  return allowed.find((name) => keys[name] === key) ?? null;
}

export function actionFor(key: string, allowed: readonly Action[]): Action | null {
  return nameFor(key, ACTION_KEYS, allowed);
}

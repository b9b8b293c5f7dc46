/** Which presses are ours: single keys, never while somebody writes, chooses or reads a dialog. */

import type { Action } from './types.ts';

/** One key for each decision; the same letters stand on the buttons. */
export const ACTION_KEYS: Readonly<Record<Action, string>> = {
  reach_out: 'r',
  care_note: 'm',
  hide: 'h',
  warn: 'w',
  pause: 'p',
  remove_member: 'x',
  dismiss: 'd',
  escalate: 'e',
  uphold: 'u',
  overturn: 'o',
  change: 'g',
};

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

export function actionFor(key: string, allowed: readonly Action[]): Action | null {
  return allowed.find((action) => ACTION_KEYS[action] === key) ?? null;
}

/** What the queue is narrowed to: it stands in the address, so that it can be kept, shared and left. */
import type { CaseKind, Urgency } from './types.ts';

export const KINDS: readonly CaseKind[] = [
  'risk',
  'held',
  'harm',
  'flag',
  'line',
  'appeal',
  'look_again',
  'measure',
];
export const URGENCIES: readonly Urgency[] = ['now', 'soon', 'routine', 'none'];
/** Hours since a case opened, at least. */
export const WAITS = [1, 4, 24, 72, 168] as const;

export type Filter = {
  room: string;
  urgency: Urgency | '';
  kind: CaseKind | '';
  language: string;
  waits_h: (typeof WAITS)[number] | '';
};

export const NO_FILTER: Filter = { room: '', urgency: '', kind: '', language: '', waits_h: '' };

/** What is not one of ours is left out: an address may be old, or typed. */
export function filterOf(asked: Pick<URLSearchParams, 'get'>): Filter {
  const one = <Value extends string | number>(name: string, known: readonly Value[]) =>
    known.find((value) => String(value) === asked.get(name)) ?? ('' as const);
  const room = asked.get('room') ?? '';
  const language = asked.get('language') ?? '';
  return {
    room: /^[0-9a-f-]{36}$/i.test(room) ? room : '',
    urgency: one('urgency', URGENCIES),
    kind: one('kind', KINDS),
    language: /^[a-z]{2,3}$/.test(language) ? language : '',
    waits_h: one('waits_h', WAITS),
  };
}

/** The urgency behind a digit key: 1 for the most urgent. Pressed again, it is let go. */
export function urgencyFor(key: string, chosen: Urgency | ''): Urgency | '' | null {
  const urgency = /^[1-4]$/.test(key) ? URGENCIES[Number(key) - 1] : undefined;
  if (!urgency) return null;
  return urgency === chosen ? '' : urgency;
}

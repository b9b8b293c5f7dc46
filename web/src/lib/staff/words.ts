/** Codes of the contract in the reader's words. */

import { ApiError } from '#lib/api/client.ts';
import { currentLocale, t, type Key } from '#lib/i18n/index.svelte.ts';
import { span } from './due.ts';
import type { Act, CaseFlag, CaseLine } from './types.ts';

export function spanWords(seconds: number): string {
  const { key, values } = span(seconds);
  return t(`staff.span.${key}`, values);
}

export function kindWords(line: Pick<CaseLine, 'kind' | 'about'>): string {
  if (line.kind === 'risk' && line.about) return t(`staff.kind.risk.${line.about}`);
  return t(`staff.kind.${line.kind}`);
}

/** What a person did with a case. */
export function actWords(act: Act): string {
  return t(`staff.act.${act}`);
}

const SIGNALS = new Set([
  'toxicity',
  'severe_toxicity',
  'obscene',
  'threat',
  'insult',
  'identity_attack',
  'risk',
  'contact',
  'means',
]);

export function signalWords(signal: string): string {
  return t((SIGNALS.has(signal) ? `staff.signal.${signal}` : 'staff.signal.other') as Key);
}

const FLAG_REASONS = ['worried', 'unkind', 'unsafe', 'private', 'not_sure'] as const;

/** Why it was flagged: in the server's words, or for a member's flag in ours. */
export function flagWords(flag: Pick<CaseFlag, 'words' | 'reasons'>): string[] {
  if (flag.words.length) return flag.words;
  const known = FLAG_REASONS.filter((reason) => flag.reasons.includes(reason));
  return known.map((reason) => t(`staff.flag.${reason}`));
}

/** Why something did not work, as far as a person can use it. */
export function troubleWords(error: unknown): string {
  if (!(error instanceof ApiError)) return t('staff.failed_plain');
  if (error.offline) return t('error.offline');
  return error.detail ? t('staff.failed', { detail: error.detail }) : t('staff.failed_plain');
}

/** "23 February", without the year. */
export function shortDay(day: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(currentLocale(), { timeZone: 'UTC', ...options }).format(
    new Date(day),
  );
}

export function number(value: number): string {
  return new Intl.NumberFormat(currentLocale()).format(value);
}

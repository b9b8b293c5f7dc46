import { currentLocale, hasWords, t } from '#lib/i18n/index.svelte.ts';
import { ApiError } from './client.ts';

/** What to tell the reader about an error: the server's own words for people, or ours. */
export function said(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.generic');
  if (error.offline) return t('error.offline');
  return reasonOf(error) || t('error.generic');
}

/** Why something was refused: in English as the server says it, else by its code, where there are words for that. */
export function reasonOf({ code, detail }: { code: string; detail: string }): string {
  const key = `refused.${code}`;
  return currentLocale() !== 'en' && hasWords(key) ? t(key) : detail;
}

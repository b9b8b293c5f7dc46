import { t } from '#lib/i18n/index.svelte.ts';
import { ApiError } from './client.ts';

/** What to tell the reader about an error: the server's own words for people, or ours. */
export function said(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.generic');
  if (error.offline) return t('error.offline');
  return error.detail || t('error.generic');
}

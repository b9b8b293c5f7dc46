import { ApiError } from '#lib/api/client.ts';
import { said } from '#lib/api/said.ts';
import { t } from '#lib/i18n/index.svelte.ts';
import { wasLeft } from './keys.ts';

const OURS = ['wrong_code', 'wrong_passkey', 'wrong_log_in', 'code_needed', 'too_fast'] as const;

/** What went wrong about a way to log in, in the reader's language; '' where they only changed their mind. */
export function waySaid(error: unknown): string {
  if (wasLeft(error)) return '';
  const code = error instanceof ApiError ? OURS.find((one) => one === error.code) : undefined;
  if (code) return t(`ways.error.${code}`);
  return error instanceof DOMException ? t('ways.error.device') : said(error);
}

/** Languages and countries by their codes; their names come from the browser, in the reader's language. */
import { currentLocale } from './index.svelte.ts';

export function languageName(code: string): string {
  return displayName('language', code);
}

export function countryName(code: string): string {
  return displayName('region', code);
}

function displayName(type: 'language' | 'region', code: string): string {
  try {
    return new Intl.DisplayNames(currentLocale(), { type }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** The languages of the pages, and which one a reader gets: as asked, as chosen before, as the browser says. */
import languages from './languages.json';

export type Language = keyof typeof languages;

export const LANGUAGES = Object.keys(languages) as Language[];

const KEY = 'hearth.language';
/** The server's own pages read it: the crisis page and the plain rooms. It says nothing else about anybody. */
const COOKIE = 'hearth-language';
const YEAR_S = 365 * 24 * 3_600;

/** In its own words: "Deutsch". */
export function ownName(language: Language): string {
  return languages[language].name;
}

export function directionOf(language: Language): 'ltr' | 'rtl' {
  return languages[language].dir as 'ltr' | 'rtl';
}

/** Whether somebody who grew up with the language has signed for the words. */
export function isReviewed(language: Language): boolean {
  return languages[language].review !== null;
}

/** `tag`: "de", "de-AT"; null for what these pages do not speak. */
export function spoken(tag: string | null | undefined): Language | null {
  const language = tag?.toLowerCase().split(/[-_]/)[0];
  return LANGUAGES.find((each) => each === language) ?? null;
}

/** The first of these that the pages speak; English where they speak none. */
export function firstSpoken(...tags: (string | null | undefined)[]): Language {
  for (const tag of tags) {
    const language = spoken(tag);
    if (language) return language;
  }
  return 'en';
}

export function startLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('language');
  return firstSpoken(asked, keptLanguage(), ...navigator.languages);
}

/** What was chosen in this browser; null: as the browser has it. */
export function keptLanguage(): Language | null {
  try {
    return spoken(localStorage.getItem(KEY)) ?? cookie();
  } catch {
    return cookie();
  }
}

export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Then the cookie has it, or it holds until the page is closed.
  }
  tellServer();
}

/** Logging out clears every cookie; the choice is the browser's, and stays. */
export function tellServer(): void {
  const language = keptLanguage();
  if (!language) return;
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${COOKIE}=${language}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
}

function cookie(): Language | null {
  return spoken(new RegExp(`(?:^|; )${COOKIE}=([a-z]+)`).exec(document.cookie)?.[1]);
}

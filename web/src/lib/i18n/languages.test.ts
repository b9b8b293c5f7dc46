import { beforeEach, describe, expect, it } from 'vitest';
import { clockTime, currentLocale, dayName, setLanguage, t } from './index.svelte.ts';
import { firstSpoken, keepLanguage, keptLanguage, spoken, startLanguage } from './languages.ts';
import { languageName } from './names.ts';
import { pseudo } from './pseudo.ts';

beforeEach(async () => {
  localStorage.clear();
  document.cookie = 'hearth-language=; Max-Age=0; Path=/';
  history.replaceState(null, '', '/');
  await setLanguage('en');
});

describe('a language', () => {
  it('is found by its tag, and English stands in for what is not spoken', () => {
    expect([spoken('de-AT'), spoken('FR'), spoken('ar_EG'), spoken('pt'), spoken(null)]).toEqual([
      'de',
      'fr',
      'ar',
      null,
      null,
    ]);
    expect(firstSpoken('pt', 'es-MX', 'de')).toBe('es');
    expect(firstSpoken('pt')).toBe('en');
  });

  it('is the one asked for, else the one chosen, else the browser’s', () => {
    expect(startLanguage()).toBe('en');
    keepLanguage('fr');
    expect(startLanguage()).toBe('fr');
    history.replaceState(null, '', '/?language=ar');
    expect(startLanguage()).toBe('ar');
  });

  it('is told to the server’s own pages, and outlives its storage', () => {
    keepLanguage('es');
    expect(document.cookie).toContain('hearth-language=es');
    localStorage.clear();
    expect(keptLanguage()).toBe('es');
  });

  it('sets the words, the page’s direction and its figures', async () => {
    await setLanguage('ar');
    expect([document.documentElement.lang, document.documentElement.dir]).toEqual(['ar', 'rtl']);
    expect(t('time.days', { count: 2 })).toBe('يومان');
    expect(t('time.days', { count: 3 })).toMatch('أيام');
    await setLanguage('de');
    expect(document.documentElement.dir).toBe('ltr');
    expect(t('time.days', { count: 3 })).toBe('3 Tage');
    expect(clockTime(new Date(2026, 0, 5, 14, 5))).toBe('14:05');
    expect(dayName(new Date(2026, 0, 5), new Date(2026, 1, 1))).toMatch(/Montag.*5.*Januar/);
    expect(languageName('ar')).toBe('Arabisch');
    expect(currentLocale()).toBe('de');
  });

  it('keeps a name of another script from turning the words around it', async () => {
    await setLanguage('ar');
    expect(t('thread.replies.to', { name: 'Wren' })).toContain('\u2068Wren\u2069');
    await setLanguage('de');
    expect(t('thread.replies.to', { name: 'Wren' })).toBe('an Wren');
  });
});

describe('the pseudo language', () => {
  it('changes every word of the catalogue, is longer, and leaves what is filled in', () => {
    const said = String(
      pseudo('{count, plural, one {# day} other {# days}} of {name}').format({
        count: 2,
        name: 'Wren',
      }),
    );
    expect(said).toMatch(/^\[2 ðåýš·+ öƒ.*Wren\]$/);
  });
});

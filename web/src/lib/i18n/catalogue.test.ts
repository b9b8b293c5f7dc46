import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, it } from 'vitest';
import { LANGUAGES } from './languages.ts';

type Catalogue = Record<string, string>;
type Elements = ReturnType<IntlMessageFormat['getAst']>;

const HOME = 'src/lib/i18n';
const PARTS = readdirSync(join(HOME, 'en'));
const PLURAL = 6;

function read(language: string, part: string): Catalogue {
  return JSON.parse(readFileSync(join(HOME, language, part), 'utf8')) as Catalogue;
}

function parse(message: string, language: string): Elements {
  return new IntlMessageFormat(message, language, undefined, { ignoreTag: true }).getAst();
}

type Found = { names: Set<string>; plurals: string[][] };

/** What a message has filled in, and the categories of each of its plurals. */
function look(elements: Elements, found: Found = { names: new Set(), plurals: [] }): Found {
  for (const element of elements) {
    if (element.type !== 0 && element.type !== 7) found.names.add(element.value as string);
    if (!('options' in element)) continue;
    if (element.type === PLURAL) found.plurals.push(Object.keys(element.options));
    for (const option of Object.values(element.options)) look(option.value, found);
  }
  return found;
}

/** One line for each thing that is wrong with these words, beside the English ones. */
function faults(language: string, english: Catalogue, words: Catalogue): string[] {
  const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const found = Object.keys(words)
    .filter((key) => !(key in english))
    .map((key) => `${key}: is not in English any more`);
  for (const [key, message] of Object.entries(english)) {
    const word = words[key];
    if (!word?.trim()) {
      found.push(`${key}: is missing`);
      continue;
    }
    try {
      const [ours, theirs] = [look(parse(word, language)), look(parse(message, 'en'))];
      for (const name of theirs.names)
        if (!ours.names.has(name)) found.push(`${key}: lacks {${name}}`);
      for (const name of ours.names)
        if (!theirs.names.has(name)) found.push(`${key}: nobody fills in {${name}}`);
      for (const categories of ours.plurals)
        for (const category of wanted)
          if (!categories.includes(category) && !isRounded(categories))
            found.push(`${key}: lacks the plural "${category}"`);
    } catch (error) {
      found.push(`${key}: cannot be spoken (${String(error)})`);
    }
  }
  return found;
}

/** "=0 {…} other {…}" tells nothing from something, and needs no number's own form. */
function isRounded(categories: string[]): boolean {
  return categories.every((category) => category.startsWith('=') || category === 'other');
}

const english = Object.fromEntries(PARTS.map((part) => [part, read('en', part)]));

/** All of the pages' sources, to see which keys they speak. */
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(svelte|ts)$/.test(file) && !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join('src', file), 'utf8'))
  .join('\n');

/** Key families that are put together at run time: `notices.kind.${kind}`. */
const families = [...sources.matchAll(/`([a-z_.]+\.)\$\{/g)].map((match) => match[1] ?? '');

describe('the words', () => {
  describe.each(LANGUAGES)('in %s', (language) => {
    it.each(PARTS)('%s are all there, filled in alike, in each plural', (part) => {
      expect(faults(language, english[part] ?? {}, read(language, part))).toEqual([]);
    });
  });

  it('that are plainer stand for words there are, filled in alike, and are no longer', () => {
    for (const part of readdirSync(join(HOME, 'en-plain'))) {
      const shorter = read('en-plain', part);
      const usual = english[part] ?? {};
      const same = Object.fromEntries(Object.keys(shorter).map((key) => [key, usual[key] ?? '']));
      expect(faults('en', same, shorter)).toEqual([]);
      const length = (words: Catalogue) => Object.values(words).join('').length;
      expect(length(shorter)).toBeLessThan(length(same) * 0.85);
    }
  });

  it('belong to one catalogue each', () => {
    const all = Object.values(english).flatMap((each) => Object.keys(each));
    expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
  });

  it('are all spoken somewhere', () => {
    const peers = PARTS.filter((part) => part !== 'staff.json');
    const keys = peers.flatMap((part) => Object.keys(english[part] ?? {}));
    const silent = keys.filter(
      (key) => !sources.includes(`'${key}'`) && !families.some((family) => key.startsWith(family)),
    );
    expect(silent).toEqual([]);
  });
});

describe('the check of the words', () => {
  const days = { days: '{count, plural, one {# day} other {# days}} of {name}' };

  it('finds what is missing, what is left over, and what nobody fills in', () => {
    expect(faults('de', days, { tage: 'Tage' })).toEqual([
      'tage: is not in English any more',
      'days: is missing',
    ]);
    expect(faults('de', days, { days: '{count, plural, one {#} other {#}} {nam}' })).toEqual([
      'days: lacks {name}',
      'days: nobody fills in {nam}',
    ]);
    expect(faults('de', days, { days: '{count, plural, one {#' })[0]).toMatch('cannot be spoken');
  });

  it('asks each language for its own plurals', () => {
    const words = { days: '{count, plural, one {# d} other {# d}} {name}' };
    expect(faults('de', days, words)).toEqual([]);
    expect(faults('ar', days, words).sort()).toEqual(
      ['few', 'many', 'two', 'zero'].map((category) => `days: lacks the plural "${category}"`),
    );
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, it } from 'vitest';
import climate from './en/climate.json';
import common from './en/common.json';
import measures from './en/measures.json';
import staff from './en/staff.json';

const messages = { ...common, ...staff, ...climate, ...measures };

/** All of the pages' sources, to see which keys they speak. */
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(svelte|ts)$/.test(file) && !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join('src', file), 'utf8'))
  .join('\n');

/** Key families that are put together at run time: `notices.kind.${kind}`. */
const families = [...sources.matchAll(/`([a-z_.]+\.)\$\{/g)].map((match) => match[1] ?? '');

describe('the words', () => {
  it.each(Object.entries(messages))('%s can be spoken', (_key, message) => {
    expect(message.trim()).not.toBe('');
    expect(
      () => new IntlMessageFormat(message, 'en', undefined, { ignoreTag: true }),
    ).not.toThrow();
  });

  it('belong to one catalogue each', () => {
    const all = [common, staff, climate, measures].flatMap((each) => Object.keys(each));
    expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
  });

  it('are all spoken somewhere', () => {
    const silent = Object.keys({ ...common, ...climate, ...measures }).filter(
      (key) => !sources.includes(`'${key}'`) && !families.some((family) => key.startsWith(family)),
    );
    expect(silent).toEqual([]);
  });
});

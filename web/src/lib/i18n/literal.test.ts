import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';

const files = [...readdirSync('src', { recursive: true, encoding: 'utf8' })].map((file) =>
  join('src', file),
);
const components = files.filter((file) => file.endsWith('.svelte'));
const styles = [...files, 'static/splash.css'].filter((file) => /\.(svelte|css)$/.test(file));

/** What a reader sees or hears of an element. */
const SPOKEN = /^(aria-label|aria-description|aria-roledescription|alt|title|placeholder|label)$/;
const WORD = /\p{L}{2,}/u;

type Node = { type: string; name?: string; data?: string; value?: unknown } & Record<
  string,
  unknown
>;

/** Words that stand in a component itself, in no catalogue. What is typed at a terminal is nobody's language. */
function literals(source: string): string[] {
  const found: string[] = [];
  const walk = (node: unknown, attribute = ''): void => {
    if (Array.isArray(node)) return node.forEach((each) => walk(each, attribute));
    if (!node || typeof node !== 'object') return;
    const { type, name, data } = node as Node;
    if (type === 'RegularElement' && name === 'code') return;
    if (type === 'Text' && (!attribute || SPOKEN.test(attribute)) && WORD.test(data ?? ''))
      found.push((data ?? '').trim());
    const within = type === 'Attribute' ? (name ?? '') : attribute;
    for (const [key, value] of Object.entries(node)) if (key !== 'parent') walk(value, within);
  };
  walk(parse(source, { modern: true }).fragment);
  return found;
}

const SIDED =
  /(?:margin|padding|border|inset)-(?:left|right)\b|(?<![\w-])(?:left|right)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)\b|border-(?:top|bottom)-(?:left|right)-radius/;

/** Lines of a style that know left from right, where the start and the end of the words are meant. */
function sided(source: string, file: string): string[] {
  const css = file.endsWith('.css') ? source : (/<style>[^]*<\/style>/.exec(source)?.[0] ?? '');
  return css.split('\n').filter((line) => SIDED.test(line) || isUneven(line));
}

/** `margin: 0 1px 0 2px`: another right than left. */
function isUneven(line: string): boolean {
  const sides = /^\s*(?:margin|padding|inset):\s*([^;()]+);/.exec(line)?.[1]?.split(/\s+/);
  return sides?.length === 4 && sides[1] !== sides[3];
}

describe('the components', () => {
  it.each(components)('%s says nothing that is in no catalogue', (file) => {
    expect(literals(readFileSync(file, 'utf8'))).toEqual([]);
  });

  it('would be caught', () => {
    const source =
      '<p title="Open it" class="row">{t("app.name")} <b>Hello</b> <code>ls</code></p>';
    expect(literals(source)).toEqual(['Open it', 'Hello']);
  });

  it.each(styles)('%s knows no left and no right', (file) => {
    expect(sided(readFileSync(file, 'utf8'), file)).toEqual([]);
  });

  it('would be caught leaning', () => {
    const css =
      'a {\n  margin: 0 1px 0 2px;\n  left: 0;\n  padding-left: 1px;\n  margin: 0 1px;\n}';
    expect(sided(css, 'a.css')).toHaveLength(3);
  });
});

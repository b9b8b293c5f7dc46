/**
 * What the first load of each page weighs, script and style together, compressed as the server sends it to
 * a browser over TLS (Brotli; gzip, which is what plain HTTP gets, weighs a seventh more), with the words of
 * the language that has the most.
 * Prints a table; fails when a room's is above the limit. Needs a build.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exit, stdout } from 'node:process';

const LIMIT_KB = 100;
const CLIENT = '.svelte-kit/output/client';
const MANIFEST = join(CLIENT, '.vite/manifest.json');
const NODES = '.svelte-kit/generated/build';

if (!existsSync(MANIFEST) || !existsSync('build/index.html')) {
  stdout.write('sizes: not built here, nothing measured\n');
  exit(0);
}

const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8'));
const app = readFileSync(sourceOf('app.js'), 'utf8');

/** The pages and the numbers of their nodes, as the router has them: "/rooms/[id]": [12,[...]]. */
const pages = [...app.matchAll(/"(\/[^"]*)": \[~?(\d+)(?:,\[([\d,]*)\])?/g)].map(
  ([, path, leaf, layouts = '']) => ({
    path: path.replace(/\/\(\w+\)/, ''),
    nodes: [0, ...layouts.split(',').filter(Boolean).map(Number), Number(leaf)],
  }),
);

function sourceOf(name) {
  const found = readdirSync(NODES, { recursive: true }).find(
    (file) => file === name || file.endsWith(`/${name}`),
  );
  if (!found) throw new Error(`no ${name} in ${NODES}`);
  return join(NODES, found);
}

/** A module of the manifest, with all that it imports at once. */
function withImports(key, found = new Set()) {
  const entry = manifest[key];
  if (!entry || found.has(key)) return found;
  found.add(key);
  for (const other of entry.imports ?? []) withImports(other, found);
  return found;
}

function keyEnding(end) {
  return Object.keys(manifest).find((key) => key.endsWith(end)) ?? '';
}

/** The words that come before the first drawing, of the language that has the most. */
function wordBytes() {
  const parts = ['common', 'offline'];
  const languages = readdirSync('src/lib/i18n', { withFileTypes: true });
  const sums = languages
    .filter((entry) => entry.isDirectory())
    .map(({ name }) =>
      parts
        .map((part) => manifest[`src/lib/i18n/${name}/${part}.json`])
        .reduce((all, entry) => all + (entry ? packedBytes(entry.file) : 0), 0),
    );
  return Math.max(...sums);
}

function packedBytes(file) {
  const packed = ['.br', '.gz', ''].map((end) => join('build', `${file}${end}`));
  return statSync(packed.find((path) => existsSync(path))).size;
}

function weigh(nodes) {
  const keys = new Set();
  const entries = ['client/entry.js', 'client/payload.js', '/app.js'];
  for (const end of [...entries, ...nodes.map((node) => `/nodes/${node}.js`)])
    withImports(keyEnding(end), keys);
  const script = new Set([...keys].map((key) => manifest[key].file));
  const style = new Set([...keys].flatMap((key) => manifest[key].css ?? []));
  const sum = (files) => [...files].reduce((all, file) => all + packedBytes(file), 0);
  return { script: sum(script) + wordBytes(), style: sum(style), files: script.size + style.size };
}

const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(8);
stdout.write(`${'first load (Brotli)'.padEnd(34)}  script   style     all  files\n`);
let heaviest = 0;
for (const { path, nodes } of pages) {
  const { script, style, files } = weigh(nodes);
  if (path === '/rooms/[id]') heaviest = script + style;
  const line = `${kb(script)}${kb(style)}${kb(script + style)}`;
  stdout.write(`${path.padEnd(32)}${line}${String(files).padStart(7)}\n`);
}
if (heaviest === 0 || heaviest > LIMIT_KB * 1000) {
  stdout.write(`a room weighs ${kb(heaviest).trim()} kB, and may weigh ${LIMIT_KB}\n`);
  exit(1);
}
stdout.write(`a room weighs ${kb(heaviest).trim()} kB of ${LIMIT_KB}\n`);

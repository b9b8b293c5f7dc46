import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import adapter from '@sveltejs/adapter-static';
import type { Adapter, Builder } from '@sveltejs/kit';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type Plugin } from 'vite';

/** The same sources give the same name, so that a build can be repeated byte for byte. */
function sourceVersion(): string {
  const hash = createHash('sha256').update(readFileSync('package-lock.json'));
  for (const file of readdirSync('src', { recursive: true, withFileTypes: true }).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  ))
    if (file.isFile()) hash.update(readFileSync(join(file.parentPath, file.name)));
  return hash.digest('hex').slice(0, 12);
}

function sourceOf(path: string): string {
  return join(import.meta.dirname, 'src', path);
}

/** Where each page begins, and where a room does. */
const SHELL = ['hooks.client.ts', 'routes/+layout.svelte', 'routes/+error.svelte'].map(sourceOf);
const ROOM = [sourceOf('routes/rooms/[id]/+page.svelte')];
/** SvelteKit's runtime, which runs after the page has told it its version: its first steps stay where they are. */
const KIT = /\/node_modules\/@sveltejs\//;
const FIRST = /\/\.svelte-kit\/|\/runtime\/client\/(entry|payload)\.js$|rolldown\/runtime/;
/** One language at a time, and of it only what the page needs. */
const WORDS = /\/i18n\/([a-z-]+\/[a-z_]+\.json|pseudo\.ts)$/;

type Modules = { getModuleInfo(id: string): { importedIds: readonly string[] } | null };

/** These, and all that they import at once and not only when it is used. */
function atOnce(ids: string[], importsOf: (id: string) => readonly string[]): Set<string> {
  const found = new Set(ids);
  for (const id of found) for (const imported of importsOf(id)) found.add(imported);
  return found;
}

/**
 * Thirty small files cost a slow line thirty heads and six turns of waiting: what every page needs is one
 * file, and what a room needs beside it another.
 */
function inFewParts(): Plugin {
  function naming(): (id: string, modules: Modules) => string | null {
    let shell: Set<string> | undefined;
    let room: Set<string> | undefined;
    return (id, modules) => {
      if (FIRST.test(id) || WORDS.test(id)) return null;
      if (KIT.test(id)) return 'kit';
      const importsOf = (each: string) => modules.getModuleInfo(each)?.importedIds ?? [];
      shell ??= atOnce(SHELL, importsOf);
      room ??= atOnce(ROOM, importsOf);
      return shell.has(id) ? 'shell' : room.has(id) ? 'room' : null;
    };
  }
  return {
    name: 'in-few-parts',
    applyToEnvironment: ({ name }) => name === 'client',
    options: (options) => ({ ...options, preserveEntrySignatures: 'allow-extension' }),
    outputOptions: (options) => ({
      ...options,
      strictExecutionOrder: true,
      codeSplitting: { groups: [{ name: naming(), includeDependenciesRecursively: false }] },
    }),
  };
}

type Manifest = Record<string, { file: string; imports?: string[]; css?: string[] }>;

/**
 * Two pages: one for everything, and one for a room. Each names what it needs at once, so that it is fetched
 * at once; SvelteKit alone names the styles of what comes later too, and leaves a room's own parts for last.
 */
function pages(inner: Adapter): Adapter {
  async function generateFallback(builder: Builder, page: string): Promise<void> {
    await builder.generateFallback(page);
    const client = builder.getClientDirectory();
    const manifest = JSON.parse(
      readFileSync(join(client, '.vite/manifest.json'), 'utf8'),
    ) as Manifest;
    const every = [
      nodeOf(manifest, '/routes/+layout.svelte'),
      nodeOf(manifest, '/routes/+error.svelte'),
    ];
    const room = [...every, nodeOf(manifest, '/routes/rooms/[id]/+page.svelte')];
    const html = readFileSync(page, 'utf8').replace(/\s*<link [^>]*rel="stylesheet">/g, '');
    writeFileSync(page, withHead(html, manifest, every));
    writeFileSync(join(dirname(page), 'room.html'), withHead(html, manifest, room));
    writeFileSync(join(dirname(page), 'words.json'), JSON.stringify(firstWords(manifest)));
  }
  return {
    ...inner,
    adapt: (builder) =>
      inner.adapt(
        Object.assign(Object.create(builder) as Builder, {
          generateFallback: (page: string) => generateFallback(builder, page),
        }),
      ),
  };
}

/** The module that SvelteKit makes of this file. */
function nodeOf(manifest: Manifest, source: string): string {
  const found = Object.keys(manifest).find(
    (key) => /\/nodes\/\d+\.js$/.test(key) && readFileSync(key, 'utf8').includes(source),
  );
  if (!found) throw new Error(`${source} is in no node: look at this plugin again`);
  return found;
}

/** Where the words of the first drawing lie, by language: only the server knows which before a script runs. */
function firstWords(manifest: Manifest): Record<string, string[]> {
  const words: Record<string, string[]> = {};
  for (const [key, { file }] of Object.entries(manifest)) {
    const [, language] = /\/i18n\/([a-z]+)\/(?:common|offline)\.json$/.exec(key) ?? [];
    if (language) (words[language] ??= []).push(`/${file}`);
  }
  return words;
}

function withHead(html: string, manifest: Manifest, nodes: string[]): string {
  const keys = atOnce(nodes, (key) => manifest[key]?.imports ?? []);
  const files = [...keys].flatMap((key) => manifest[key] ?? []);
  const links = [
    ...files
      .flatMap(({ css = [] }) => css)
      .map((file) => `<link href="/${file}" rel="stylesheet">`),
    ...files
      .filter(({ file }) => !html.includes(file))
      .map(({ file }) => `<link href="/${file}" rel="modulepreload">`),
  ];
  return html.replace('</head>', `${links.join('')}</head>`);
}

/** SvelteKit's announcer hides itself with an inline style, which our policy forbids; base.css hides it instead. */
function announcerWithoutStyle(): Plugin {
  return {
    name: 'announcer-without-style',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/runtime/components/root.svelte')) return null;
      const mended = code.replace(/(id="svelte-announcer"[^>]*?)\sstyle="[^"]*"/, '$1');
      if (mended === code) throw new Error('the announcer has changed: look at this plugin again');
      return { code: mended, map: null };
    },
  };
}

// The server adds frame-ancestors, which a page cannot say about itself.
const policy = {
  'default-src': ['none'],
  'script-src': ['self'],
  'style-src': ['self'],
  'connect-src': ['self'],
  'img-src': ['self'],
  'font-src': ['self'],
  'manifest-src': ['self'],
  'worker-src': ['self'],
  'base-uri': ['none'],
  'form-action': ['self'],
  'object-src': ['none'],
  'require-trusted-types-for': ['script'],
  'trusted-types': ['svelte-trusted-html', 'sveltekit-trusted-url', 'hearth-worker'],
} as const;

export default defineConfig({
  plugins: [
    announcerWithoutStyle(),
    inFewParts(),
    sveltekit({
      adapter: pages(
        adapter({ pages: 'build', assets: 'build', fallback: 'index.html', precompress: true }),
      ),
      csp: { mode: 'hash', directives: structuredClone(policy) as never },
      // Only members get one, after their first page: lib/offline.
      serviceWorker: { register: false },
      version: { name: sourceVersion() },
    }),
  ],
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:8000',
      '/crisis': 'http://127.0.0.1:8000',
      '/plain': 'http://127.0.0.1:8000',
      '/report': 'http://127.0.0.1:8000',
      '/ws': { target: 'ws://127.0.0.1:8000', ws: true },
    },
  },
});

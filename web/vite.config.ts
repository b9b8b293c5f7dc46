import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import adapter from '@sveltejs/adapter-static';
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

// Nothing here may import from $app: a group takes its imports along, and SvelteKit's own runtime,
// once in it, would run before the page has told it its version, and reload every error page for ever.
const CORE = /\/(node_modules\/(?!@sveltejs)|src\/lib\/(api|i18n|live)|src\/lib\/session)/;
/** One language at a time, and of it only what the page needs. */
const WORDS = /\/i18n\/([a-z-]+\/[a-z_]+\.json|pseudo\.ts)$/;

function isCore(id: string): boolean {
  return CORE.test(id) && !WORDS.test(id) && !id.endsWith('.css');
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
    sveltekit({
      adapter: adapter({
        pages: 'build',
        assets: 'build',
        fallback: 'index.html',
        precompress: true,
      }),
      csp: { mode: 'hash', directives: structuredClone(policy) as never },
      // Only members get one, after their first page: lib/offline.
      serviceWorker: { register: false },
      version: { name: sourceVersion() },
    }),
  ],
  build: {
    rolldownOptions: {
      output: {
        // Thirty small files cost a slow line thirty heads and six turns of waiting: what every page
        // needs is one.
        codeSplitting: { groups: [{ name: 'core', test: isCore }] },
      },
    },
  },
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

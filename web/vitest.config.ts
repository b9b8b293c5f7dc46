import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  test: {
    environment: 'jsdom',
    pool: 'vmThreads', // jsdom is loaded once, and each file still has a window of its own
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    setupFiles: ['src/lib/i18n/english.ts'],
  },
});

import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['build/', '.svelte-kit/', 'node_modules/', 'src/lib/api/schema.d.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...ts.configs.stylistic,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    rules: {
      // The compiler already knows which names exist.
      'no-undef': 'off',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      // People's words are only ever text.
      'svelte/no-at-html-tags': 'error',
      // Plain maps and dates here are caches and instants, never state that a page draws from.
      'svelte/prefer-svelte-reactivity': 'off',
      // The place is always served from the root of its own origin.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
);

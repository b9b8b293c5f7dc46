/** For tests: every word, in English, before the first one is asked for. */
import { loadClimateWords, loadStaffWords, setLanguage } from './index.svelte.ts';

await setLanguage('en');
await Promise.all([loadStaffWords(), loadClimateWords()]);

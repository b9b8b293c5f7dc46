/** For tests: every word, in English, before the first one is asked for. */
import {
  loadAwayWords,
  loadCareWords,
  loadClimateWords,
  loadExportingWords,
  loadMeasureWords,
  loadRightsWords,
  loadSessionWords,
  loadStaffWords,
  loadWellWords,
  setLanguage,
} from './index.svelte.ts';

await setLanguage('en');
await Promise.all([
  loadStaffWords(),
  loadAwayWords(),
  loadClimateWords(),
  loadExportingWords(),
  loadMeasureWords(),
  loadRightsWords(),
  loadCareWords(),
  loadSessionWords(),
  loadWellWords(),
]);

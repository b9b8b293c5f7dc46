/** For tests: every word, in English, before the first one is asked for. */
import {
  loadAwayWords,
  loadBalanceWords,
  loadCareWords,
  loadClimateWords,
  loadComposeWords,
  loadExportingWords,
  loadMeasureWords,
  loadPracticeWords,
  loadRightsWords,
  loadSessionWords,
  loadSettingsWords,
  loadStaffWords,
  loadComfortWords,
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
  loadSettingsWords(),
  loadWellWords(),
  loadBalanceWords(),
  loadComposeWords(),
  loadPracticeWords(),
  loadComfortWords(),
]);

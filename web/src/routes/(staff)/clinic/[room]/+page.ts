import { loadCareWords, loadClimateWords, loadExportingWords } from '#lib/i18n/index.svelte.ts';

export async function load(): Promise<void> {
  await Promise.all([loadCareWords(), loadClimateWords(), loadExportingWords()]);
}

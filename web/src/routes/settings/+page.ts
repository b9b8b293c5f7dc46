import { loadSettingsWords, loadWayWords } from '#lib/i18n/index.svelte.ts';

export async function load(): Promise<void> {
  await Promise.all([loadSettingsWords(), loadWayWords()]);
}

/** The dialog in which somebody asks a person to look, and its words: fetched when it is first opened. */
import { loadFlagWords } from '#lib/i18n/index.svelte.ts';

export async function flagDialog() {
  const [{ default: FlagDialog }] = await Promise.all([
    import('./FlagDialog.svelte'),
    loadFlagWords(),
  ]);
  return FlagDialog;
}

import { setLanguage, setPseudo } from '#lib/i18n/index.svelte.ts';
import { startLanguage, tellServer } from '#lib/i18n/languages.ts';
import { comfort } from '#lib/live/comfort.svelte.ts';
import { watchForLeaving } from '#lib/ui/leaving.svelte.ts';
import { applyLook, readLook } from '#lib/ui/theme.ts';

// Before the first drawing, so that nobody is dazzled.
applyLook(readLook());
watchForLeaving();

/** Before the first drawing too: no page without its words. */
export async function init(): Promise<void> {
  await setLanguage(startLanguage());
  await comfort.start();
  tellServer();
  const strange = new URLSearchParams(location.search).get('language') === 'xx';
  if (strange) await setPseudo();
}

import { watchForLeaving } from '#lib/ui/leaving.svelte.ts';
import { applyLook, readLook } from '#lib/ui/theme.ts';

// Before the first drawing, so that nobody is dazzled.
applyLook(readLook());
watchForLeaving();

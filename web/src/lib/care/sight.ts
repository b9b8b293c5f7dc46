/** What a clinician may see can end at any moment: hear of it, and ask by ourselves too. */

import { line } from '#lib/live/connection.svelte.ts';

/** Well under the minute in which what was taken back must have left the page. */
const LOOK_MS = 20_000;

/** Calls back whenever sight in a room may have changed; the answer stops it. */
export function whenSightMayChange(room: string, ask: () => void): () => void {
  const stops = [
    line.on('sight', (frame) => {
      if (frame.room === room) ask();
    }),
    line.onOpen(ask),
  ];
  const timer = setInterval(ask, LOOK_MS);
  return () => {
    clearInterval(timer);
    for (const stop of stops) stop();
  };
}

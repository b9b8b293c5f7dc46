/** What a clinician may see can end at any moment: hear of it, and ask by ourselves too. */

import { api } from '#lib/api/client.ts';
import { line } from '#lib/live/connection.svelte.ts';
import type { People, Scope } from './types.ts';

/** Well under the minute in which what was taken back must have left the page. */
const LOOK_MS = 20_000;

/** Whose `scope` may be seen in a room now. Asking leaves no receipt: nothing of theirs is shown. */
export async function whoShares(room: string, scope: Scope): Promise<Set<string>> {
  const { people } = await api.get<People>(`/api/clinic/rooms/${room}/people`);
  const sharing = people.filter((one) => one.scopes.some((shared) => shared.scope === scope));
  return new Set(sharing.map((one) => one.id));
}

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

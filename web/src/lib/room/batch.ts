/** For who wants little at once: what others say waits until the reader asks for it. */
import type { Message } from '#lib/live/room.ts';

export type Batch = { shown: readonly Message[]; waiting: readonly Message[] };

/**
 * `upTo`: the newest message that was shown; null or one that is gone: all are shown. Whoever speaks sees what was
 * said before their own words.
 */
export function batchOf(
  messages: readonly Message[],
  upTo: string | null,
  me: string | undefined,
): Batch {
  const last = messages.findLastIndex(({ id, author }) => id === upTo || author.id === me);
  const known = messages.some(({ id }) => id === upTo);
  if (!known || last < 0) return { shown: messages, waiting: [] };
  return { shown: messages.slice(0, last + 1), waiting: messages.slice(last + 1) };
}

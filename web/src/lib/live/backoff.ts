/** Waiting before the next try: full jitter, so that a restart is not met by everybody at once. */

const FIRST_CEILING_S = 0.5;
const LAST_CEILING_S = 30;

/** A line that stood this long starts the waits again; one that breaks at once goes on. */
export const STEADY_MS = 5_000;

/** The same when a restarting server said when to come back: that is no failure. */
export const TOLD_MS = 1_000;

/**
 * Seconds to wait before try number `attempt` (0 is the first): between 0 and a ceiling that doubles
 * from 0.5 to 30, after `hintS`, the server's own wish, as the least wait.
 *
 * random: in [0, 1). Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffS(attempt: number, random: number, hintS: number | null = null): number {
  const ceiling = Math.min(LAST_CEILING_S, FIRST_CEILING_S * 2 ** Math.min(attempt, 16));
  return Math.min(Math.max(hintS ?? 0, 0), LAST_CEILING_S) + random * ceiling;
}

/** What the reason of a close may say: how many seconds to stay away. Anything else is no hint. */
export function hintS(reason: string): number | null {
  const seconds = Number(reason);
  return reason && Number.isFinite(seconds) ? seconds : null;
}

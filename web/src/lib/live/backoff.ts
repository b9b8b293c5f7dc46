/** Waiting before the next try: full jitter, so that a restart is not met by everybody at once. */

const FIRST_CEILING_S = 0.5;
const LAST_CEILING_S = 30;

/**
 * Seconds to wait before try number `attempt` (0 is the first), between 0.5 and 30.
 *
 * random: in [0, 1). Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffS(attempt: number, random: number): number {
  const ceiling = Math.min(LAST_CEILING_S, FIRST_CEILING_S * 2 ** Math.min(attempt, 16));
  return Math.max(FIRST_CEILING_S, random * ceiling);
}

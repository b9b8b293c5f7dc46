/** What time it is at the server: due times and claims are reckoned there, and clocks of laptops go wrong. */

/** The Date header counts whole seconds and is as old as the way back; less than this is no error of a clock. */
const TOLERANCE_MS = 5_000;

let skew_ms = 0;

/** date: the header of an answer that has just come in. */
export function noteServerTime(date: string | null, now_ms = Date.now()): void {
  const at = date ? Date.parse(date) : NaN;
  if (Number.isNaN(at)) return;
  const found = at - now_ms;
  skew_ms = Math.abs(found) < TOLERANCE_MS ? 0 : found;
}

/** Milliseconds of the epoch, by the server's clock as far as it is known. */
export function serverNow(now_ms = Date.now()): number {
  return now_ms + skew_ms;
}

/** Which line of the queue the keyboard is on. The server's order is never changed here. */

export function step(ids: readonly string[], current: string | null, by: 1 | -1): string | null {
  if (ids.length === 0) return null;
  const at = current === null ? -1 : ids.indexOf(current);
  if (at === -1) return (by === 1 ? ids[0] : ids[ids.length - 1]) ?? null;
  return ids[Math.min(ids.length - 1, Math.max(0, at + by))] ?? null;
}

/** After a refresh: the same line, or the nearest that stood below it, or above it. */
export function survivor(
  before: readonly string[],
  after: readonly string[],
  current: string | null,
): string | null {
  if (current === null || after.includes(current)) return current;
  const at = before.indexOf(current);
  const nearby = [...before.slice(at + 1), ...before.slice(0, Math.max(0, at)).reverse()];
  return nearby.find((id) => after.includes(id)) ?? after[0] ?? null;
}

export type Waiting = {
  id: string;
  urgency: string;
  state: string;
  claimed_by: string | null;
};

/** Cases that call for a person at once and that nobody has taken. */
export function calling<Line extends Waiting>(lines: readonly Line[]): Line[] {
  return lines.filter(
    (line) => line.urgency === 'now' && line.state !== 'closed' && line.claimed_by === null,
  );
}

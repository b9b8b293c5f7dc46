/** What can be tried in the practice room. */

export const TASKS = ['write', 'heard', 'report', 'leave'] as const;
export type Task = (typeof TASKS)[number];

/** Where `part` stands, in code points; null where it does not. */
export function spanOf(text: string, part: string): { start: number; end: number } | null {
  const at = text.toLowerCase().indexOf(part.toLowerCase());
  if (at < 0) return null;
  const start = Array.from(text.slice(0, at)).length;
  return { start, end: start + Array.from(part).length };
}

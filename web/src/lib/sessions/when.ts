/** When a group session is, in the reader's own zone; and the time that was typed, in theirs. */

import { clockTime, dayLabel } from '#lib/i18n/index.svelte.ts';

export type Timed = { starts_at: string; ends_at: string; cancelled?: boolean };

export function isLive(session: Timed, now_ms: number): boolean {
  const [start, end] = [Date.parse(session.starts_at), Date.parse(session.ends_at)];
  return !session.cancelled && start <= now_ms && now_ms < end;
}

export function isOver(session: Timed, now_ms: number): boolean {
  return Date.parse(session.ends_at) <= now_ms;
}

/** "Thursday 3 December, 18:00". */
export function whenWords(session: Timed): string {
  return `${dayLabel(session.starts_at)}, ${clockTime(session.starts_at)}`;
}

export function minutesOf(session: Timed): number {
  return Math.round((Date.parse(session.ends_at) - Date.parse(session.starts_at)) / 60_000);
}

export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The same moment as a clock in that zone shows it, when it is not the reader's own. */
export function inItsZone(starts_at: string, zone: string): string | null {
  if (zone === ownZone()) return null;
  try {
    return new Intl.DateTimeFormat(undefined, {
      timeZone: zone,
      weekday: 'short',
      hour: 'numeric',
      minute: '2-digit',
    }).format(new Date(starts_at));
  } catch {
    return null;
  }
}

/** What a date field and a time field hold, in the reader's own zone. */
export function fieldsOf(at: Date): { day: string; time: string } {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return { day, time: `${two(at.getHours())}:${two(at.getMinutes())}` };
}

/** The moment that these fields name; null while they name none. */
export function momentOf(day: string, time: string): string | null {
  const at = new Date(`${day}T${time}`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

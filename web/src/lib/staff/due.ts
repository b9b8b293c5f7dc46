/** The due clock of a case: it runs from the opening and stops at the first human act, not at a claim. */

export type Timed = {
  opened_at: string;
  due_at: string;
  seen_by_a_person: boolean;
  state: 'open' | 'escalated' | 'closed';
};

export type DueState = 'calm' | 'close' | 'late' | 'stopped';

export type DueClock = {
  state: DueState;
  /** Seconds until due; negative when late. Meaningless when stopped. */
  left_s: number;
  /** Share of the whole time that is gone, 0 to 1. */
  spent: number;
};

/** A quarter of the time is left: the moment to say so, before it is late. */
const CLOSE_SHARE = 0.25;

export function dueClock(line: Timed, now_ms: number): DueClock {
  const opened = Date.parse(line.opened_at);
  const due = Date.parse(line.due_at);
  const whole_ms = Math.max(1, due - opened);
  const left_ms = due - now_ms;
  const spent = Math.min(1, Math.max(0, 1 - left_ms / whole_ms));
  return { state: dueState(line, left_ms / whole_ms), left_s: Math.trunc(left_ms / 1000), spent };
}

function dueState(line: Timed, share_left: number): DueState {
  if (line.seen_by_a_person || line.state === 'closed') return 'stopped';
  if (share_left <= 0) return 'late';
  return share_left <= CLOSE_SHARE ? 'close' : 'calm';
}

/** A soon that is late, or anything calmer that is overdue by its whole due time: it stands higher. */
export function hasAged(line: Timed & { urgency: string }, now_ms: number): boolean {
  const due = Date.parse(line.due_at);
  if (line.urgency === 'now') return false;
  if (line.urgency === 'soon') return now_ms >= due;
  return now_ms >= due + (due - Date.parse(line.opened_at));
}

export type SpanKey =
  'seconds' | 'minutes_seconds' | 'minutes' | 'hours_minutes' | 'hours' | 'days_hours' | 'days';

export type Span = {
  key: SpanKey;
  values: { days: number; hours: number; minutes: number; seconds: number };
};

/** The two largest units that matter; seconds only while they change a decision (under ten minutes). */
export function span(total_s: number): Span {
  const whole = Math.floor(Math.abs(total_s));
  const values = {
    days: Math.floor(whole / 86_400),
    hours: Math.floor(whole / 3_600) % 24,
    minutes: Math.floor(whole / 60) % 60,
    seconds: whole % 60,
  };
  return { key: spanKey(whole, values), values };
}

function spanKey(whole: number, { hours, minutes, seconds }: Span['values']): SpanKey {
  if (whole < 60) return 'seconds';
  if (whole < 600) return seconds === 0 ? 'minutes' : 'minutes_seconds';
  if (whole < 3_600) return 'minutes';
  if (whole < 86_400) return minutes === 0 ? 'hours' : 'hours_minutes';
  return hours === 0 ? 'days' : 'days_hours';
}

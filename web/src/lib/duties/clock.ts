/** The take-down clock: it runs from the report until somebody decides. */

export type Clocked = { since: string; due_at: string };

export type ClockState = 'calm' | 'near' | 'past';

export type Clock = {
  state: ClockState;
  /** Seconds until it ends; negative when it is past. */
  left_s: number;
};

/** A quarter of the time is left: the moment to say so, before it is past. */
const NEAR_SHARE = 0.25;

export function clockOf({ since, due_at }: Clocked, now_ms: number): Clock {
  const due_ms = Date.parse(due_at);
  const left_ms = due_ms - now_ms;
  const share = left_ms / Math.max(1, due_ms - Date.parse(since));
  const state = left_ms <= 0 ? 'past' : share <= NEAR_SHARE ? 'near' : 'calm';
  return { state, left_s: Math.trunc(left_ms / 1000) };
}

/** A room's week as geometry. A figure that may not be shown is drawn as absent, never as nought. */

import type { ClinicDay, Figure, Urgency, Week } from './types.ts';

export type Frame = {
  width: number;
  height: number;
};

export type Bar = {
  day: string;
  /** null: about too few people to be shown. */
  value: number | null;
  x: number;
  y: number;
  width: number;
  height: number;
};

export type Tick = {
  value: number;
  y: number;
};

export type BarChart = {
  bars: Bar[];
  ticks: Tick[];
  top: number;
};

/** Share of a day's slot left empty, so that bars read as days. */
const GAP = 0.3;

export function dayBars(
  days: readonly ClinicDay[],
  of: 'people' | 'messages',
  frame: Frame,
): BarChart {
  const values = days.map((day) => valueOf(day[of]));
  const top = niceTop(Math.max(0, ...values.map((value) => value ?? 0)));
  const slot = frame.width / Math.max(1, days.length);
  const bars = days.map((day, index) =>
    bar(day.day, values[index] ?? null, index, { slot, top, frame }),
  );
  return { bars, top, ticks: ticks(top, frame) };
}

export function valueOf(figure: Figure | undefined): number | null {
  return figure?.shown ? (figure.value ?? null) : null;
}

function bar(
  day: string,
  value: number | null,
  index: number,
  on: { slot: number; top: number; frame: Frame },
): Bar {
  const height = ((value ?? 0) / on.top) * on.frame.height;
  return {
    day,
    value,
    x: (index + GAP / 2) * on.slot,
    y: on.frame.height - height,
    width: on.slot * (1 - GAP),
    height,
  };
}

function ticks(top: number, frame: Frame): Tick[] {
  return [0, top / 2, top].map((value) => ({
    value,
    y: frame.height - (value / top) * frame.height,
  }));
}

const STEPS = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10];

/** The next round number that holds the value, and whose half is whole too. */
export function niceTop(value: number): number {
  if (value <= 10) return 10;
  const power = 10 ** Math.floor(Math.log10(value));
  return (STEPS.find((step) => step * power >= value) ?? 10) * power;
}

export type PartName = 'edited' | 'as_is' | 'discarded' | 'heard' | 'not_yet' | 'rest';

export type Part = {
  name: PartName;
  value: number | null;
  x: number;
  width: number;
};

/** What became of the nudges: known parts first, the rest hatched. Rounded parts may exceed a rounded whole. */
export function nudgeParts(week: Week, width: number): Part[] {
  const known: [PartName, Figure][] = [
    ['edited', week.nudges_edited],
    ['as_is', week.nudges_sent_as_is],
    ['discarded', week.nudges_discarded],
  ];
  return stack(known, valueOf(week.nudges), width);
}

export function heardParts(week: Week, width: number): Part[] {
  const known: [PartName, Figure][] = [
    ['heard', week.felt_heard],
    ['not_yet', week.not_yet_heard],
  ];
  return stack(known, null, width);
}

function stack(known: [PartName, Figure][], whole: number | null, width: number): Part[] {
  const sum = known.reduce((total, [, figure]) => total + (valueOf(figure) ?? 0), 0);
  const all = Math.max(whole ?? 0, sum);
  if (all === 0) return [];
  let x = 0;
  const parts = known.map(([name, figure]) => {
    const value = valueOf(figure);
    const part = { name, value, x, width: ((value ?? 0) / all) * width };
    x += part.width;
    return part;
  });
  if (all > sum) parts.push({ name: 'rest', value: null, x, width: width - x });
  return parts.filter((part) => part.width > 0);
}

export const URGENCIES: readonly Urgency[] = ['now', 'soon', 'routine', 'none'];

export type Look = {
  urgency: Urgency;
  cases: number | null;
  median_s: number | null;
  /** Where the median stands between one minute and one week on a logarithmic line; null when not shown. */
  at: number | null;
};

export const LOOK_TICKS_S: readonly number[] = [60, 300, 3_600, 86_400, 604_800];

export function looks(week: Week, width: number): Look[] {
  return URGENCIES.map((urgency) => {
    const median_s = valueOf(week.first_human_look_median_s[urgency]);
    const at = median_s === null ? null : along(median_s, width);
    return { urgency, cases: valueOf(week.cases[urgency]), median_s, at };
  });
}

export function along(seconds: number, width: number): number {
  const [first, last] = [60, 604_800];
  const kept = Math.min(last, Math.max(first, seconds));
  return (Math.log(kept / first) / Math.log(last / first)) * width;
}

const DAY_MS = 86_400_000;

/** The calendar week (Monday first, UTC) before what is shown; no day between them is left out. */
export function weekBefore(week: Pick<Week, 'start'>): string {
  return mondayOf(Date.parse(week.start) - DAY_MS);
}

/** The calendar week after what is shown, or null when it has not begun. */
export function weekAfter(week: Pick<Week, 'end'>, now_ms: number): string | null {
  const end_ms = Date.parse(week.end);
  return end_ms > now_ms ? null : mondayOf(end_ms);
}

function mondayOf(at_ms: number): string {
  const sinceMonday = (new Date(at_ms).getUTCDay() + 6) % 7;
  return new Date(at_ms - sinceMonday * DAY_MS).toISOString().slice(0, 10);
}

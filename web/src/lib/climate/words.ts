/** Figures of a climate in words. What may not be shown is said so, and is never a nought. */

import { currentLocale, duration, t, type Key } from '#lib/i18n/index.svelte.ts';
import type { Climate, ClimateWeek, FigureName, Share, ShareName, WaitName } from './types.ts';

export function valueOf(week: ClimateWeek, name: FigureName): number | null {
  return week.figures[name] ?? null;
}

export function number(value: number): string {
  return new Intl.NumberFormat(currentLocale(), { maximumFractionDigits: 1 }).format(value);
}

export function percent(value: number): string {
  return new Intl.NumberFormat(currentLocale(), {
    style: 'percent',
    maximumFractionDigits: 0,
  }).format(value);
}

export function points(value: number): string {
  const format = new Intl.NumberFormat(currentLocale(), {
    maximumFractionDigits: 0,
    signDisplay: 'exceptZero',
  });
  return format.format(value * 100);
}

export function countWords(value: number | null): string {
  return value === null ? t('climate.hidden') : t('climate.about', { value: number(value) });
}

/** Seconds that were rounded to whole minutes. */
export function waitWords(value: number | null): string {
  if (value === null) return t('climate.hidden');
  return value < 60 ? t('climate.under_minute') : t('climate.about', { value: duration(value) });
}

export function shareWords(share: Share | undefined): string {
  return share && share.value !== null ? percent(share.value) : t('climate.hidden');
}

/** "About 20 of 45; 28 to 62 % are likely". */
export function shareDetail(share: Share): string {
  if (share.low === null || share.high === null) return t('climate.hidden.why');
  const values = {
    count: number(share.count ?? 0),
    of: number(share.of ?? 0),
    low: percent(share.low),
    high: percent(share.high),
  };
  return t('climate.share.detail', values);
}

export function shareName(name: string): string {
  return t(`climate.share.${name as ShareName}`);
}

export function shareDefinition(name: string): string {
  return t(`climate.share.${name as ShareName}.is`);
}

export function medianName(name: string): string {
  return t(`climate.figure.${name as 'first_reply_s'}`);
}

export type Ends = { low: number; high: number };

/** Between which values a middle wait likely lies, in seconds; null where that may not be shown. */
export function endsOf(week: ClimateWeek, name: WaitName): Ends | null {
  const stem = name.slice(0, -2);
  const low = week.figures[`${stem}_low_s`] ?? null;
  const high = week.figures[`${stem}_high_s`] ?? null;
  return low === null || high === null ? null : { low, high };
}

/** "Likely between 4 min and 12 min". */
export function endsWords({ low, high }: Ends): string {
  return t('climate.figure.likely', { low: duration(low), high: duration(high) });
}

/** "Of about 20 answered asks." and how sure that is, or between what it was before: from what is shown alone. */
export function firstReplyDetail(weeks: ClimateWeek[], week: ClimateWeek): string {
  const of = number(valueOf(week, 'asks_answered') ?? 0);
  const ends = endsOf(week, 'first_reply_s');
  const counted = t('climate.figure.first_reply_s.of', { of });
  if (ends) return `${counted} ${endsWords(ends)}`;
  const before = weeks.filter(({ start }) => start <= week.start).slice(-8);
  const waits = before.flatMap((one) => valueOf(one, 'first_reply_s') ?? []);
  if (waits.length < 2) return counted;
  const low = duration(Math.min(...waits));
  const high = duration(Math.max(...waits));
  return t('climate.figure.first_reply_s.range', { of, low, high });
}

export function figureName(name: string): string {
  return t(`climate.figure.${name}` as Key);
}

/** "2 March", in UTC as the weeks are. */
export function day(at: string, options: Intl.DateTimeFormatOptions = {}): string {
  return new Intl.DateTimeFormat(currentLocale(), {
    timeZone: 'UTC',
    day: 'numeric',
    month: 'long',
    ...options,
  }).format(new Date(at));
}

export function shortDay(at: string): string {
  return day(at, { month: 'short' });
}

export function weekName(week: Pick<ClimateWeek, 'start' | 'end'>): string {
  return t('climate.week.range', {
    from: day(week.start),
    to: day(week.end, { year: 'numeric' }),
  });
}

/** The newest week of which the scorecard says something, or else anything is shown, or the newest there is. */
export function bestWeek({ weeks }: Pick<Climate, 'weeks'>): ClimateWeek | undefined {
  const scored = weeks.findLast((week) =>
    Object.values(week.shares).some(({ value }) => value !== null),
  );
  const shown = weeks.findLast((week) =>
    Object.values(week.figures).some((figure) => figure !== null),
  );
  return scored ?? shown ?? weeks.at(-1);
}

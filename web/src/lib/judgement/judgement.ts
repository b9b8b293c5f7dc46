/** The machine's judgement beside people's decisions, as geometry and words. */

import type { components } from '#lib/api/schema.d.ts';
import { currentLocale, t, type Key } from '#lib/i18n/index.svelte.ts';
import { niceTop, type Frame } from '#lib/climate/trend.ts';
import { number } from '#lib/staff/words.ts';

type Schemas = components['schemas'];

export type Judgement = Schemas['Judgement'];
export type Judged = Schemas['Judged'];
export type Found = Schemas['Found'];
export type Labels = Schemas['Labels'];
export type Outcomes = Schemas['Outcomes'];
export type Share = Schemas['JudgedShare'];

export const SPANS: readonly number[] = [4, 12, 26, 52];

export type PartName = 'confirmed' | 'dismissed' | 'wrong' | 'waiting' | 'found' | 'missed';

/** From the ground up. */
export const OUTCOMES = ['confirmed', 'dismissed', 'wrong', 'waiting'] as const;
export const ASKED_FIRST = ['found', 'missed'] as const;

/** One thing whose weeks can be looked at. */
export type Series = {
  key: string;
  title: string;
  names: readonly PartName[];
  weeks: SeriesWeek[];
};

export type Tick = {
  value: number;
  y: number;
};

export type SeriesWeek = {
  start: string;
  values: number[];
  share: Share;
};

export function judgedSeries(judged: Judged): Series {
  return {
    key: `${judged.kind} ${judged.name}`,
    title: ruleWords(judged),
    names: OUTCOMES,
    weeks: judged.weeks.map(({ start, outcomes, precision }) => ({
      start,
      values: OUTCOMES.map((name) => outcomes[name]),
      share: precision,
    })),
  };
}

export function foundSeries(found: Found): Series {
  return {
    key: `class ${found.name}`,
    title: t(`staff.judgement.class.${found.name}`),
    names: ASKED_FIRST,
    weeks: found.weeks.map(({ start, found: first, missed, share }) => ({
      start,
      values: [first, missed],
      share,
    })),
  };
}

export type Stack = {
  start: string;
  total: number;
  x: number;
  y: number;
  width: number;
  /** Whether its week is named below it: not all are, where they would touch. */
  named: boolean;
  parts: { name: PartName; y: number; height: number }[];
};

/** Share of a week's slot left empty. */
const GAP = 0.25;
/** A week's name below the bars needs this much. */
const NAME_WIDTH = 52;

export function weekStacks(series: Series, frame: Frame): { stacks: Stack[]; ticks: Tick[] } {
  const totals = series.weeks.map((week) => sum(week.values));
  const top = niceTop(Math.max(0, ...totals));
  const slot = frame.width / Math.max(1, series.weeks.length);
  const every = Math.max(1, Math.ceil(NAME_WIDTH / slot));
  const last = series.weeks.length - 1;
  const stacks = series.weeks.map((week, index) => {
    let y = frame.height;
    const parts = series.names.map((name, part) => {
      const height = ((week.values[part] ?? 0) / top) * frame.height;
      y -= height;
      return { name, y, height };
    });
    return {
      start: week.start,
      total: totals[index] ?? 0,
      x: (index + GAP / 2) * slot,
      y,
      width: slot * (1 - GAP),
      named: (last - index) % every === 0,
      parts: parts.filter((part) => part.height > 0),
    };
  });
  const ticks = [0, top / 2, top].map((value) => ({
    value,
    y: frame.height - (value / top) * frame.height,
  }));
  return { stacks, ticks };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const LEXICON = new Set([
  'acting',
  'behaviour',
  'intent',
  'plan',
  'goodbye',
  'ideation',
  'passive',
  'self_harm',
  'abuse',
  'violence',
  'methods',
  'encouragement',
]);
const SIGNALS = new Set([
  'risk',
  'threat',
  'severe_toxicity',
  'identity_attack',
  'harsh',
  'dismissive',
  'unasked_advice',
  'contact',
  'reader_harm',
  'abuse',
]);

/** A rule in the reader's words; one we have no words for by its own name, a model by its version. */
export function ruleWords({ kind, name }: Pick<Judged, 'kind' | 'name'>): string {
  const known =
    (kind === 'lexicon' && LEXICON.has(name)) || (kind === 'signal' && SIGNALS.has(name));
  return known ? t(`staff.judgement.${kind}.${name}` as Key) : name;
}

/** "12 of 15: 80 %, likely 55 to 93 %", or that nobody has decided. */
export function shareWords(share: Share): string {
  if (share.value === null) return t('staff.judgement.undecided');
  return t('staff.judgement.share', {
    part: number(Math.round(share.value * share.of)),
    of: number(share.of),
    value: percent(share.value),
    low: percent(share.low),
    high: percent(share.high),
  });
}

export function percent(value: number): string {
  return new Intl.NumberFormat(currentLocale(), { style: 'percent' }).format(value);
}

/** What the page makes of the server's figures: which sentence is said, and in which order. */
import type { Body } from '#lib/api/types.ts';
import { currentLocale, type Key } from '#lib/i18n/index.svelte.ts';

export type Well = Body<'Well'>;
export type Finding = Body<'Finding'>;
export type Minute = Body<'CourseMinute'>;
export type State = Finding['state'];

const BY_WEIGHT: State[] = ['mend', 'look', 'well'];

export function worstFirst(findings: Finding[]): Finding[] {
  return findings.toSorted((a, b) => BY_WEIGHT.indexOf(a.state) - BY_WEIGHT.indexOf(b.state));
}

export function headline({ findings }: Pick<Well, 'findings'>): {
  state: State;
  key: Key;
  count: number;
} {
  const state = BY_WEIGHT.find((each) => findings.some((found) => found.state === each)) ?? 'well';
  const count = findings.filter((found) => found.state === state).length;
  return { state, key: `well.all.${state}`, count };
}

/** The sentence for one finding: by its state, or for a copy that was never made and a switch that is off. */
export function sentence({ what, state }: Finding, well: Well): Key {
  if (what === 'push' && !well.push.on) return 'well.push.off';
  if (what === 'backup' && !well.backup_at) return 'well.backup.never';
  if (what === 'keys' && !well.key_backup_at) return 'well.keys.never';
  if (what === 'classifier' && state === 'look' && well.classifier.state === 'ready')
    return 'well.classifier.some';
  return `well.${what}.${state}` as Key;
}

/** How many processes answer, and with which models: ": hearth-en-1", or of several each with how many. */
export function answering({ answering, wanted }: Well['classifier']): {
  up: number;
  wanted: number;
  models: string;
} {
  // Isolated: a version is written from left to right, whatever stands around it.
  const each = answering.map(({ version, processes }) =>
    answering.length > 1 ? `\u2068${version}\u2069 (${processes})` : `\u2068${version}\u2069`,
  );
  return {
    up: answering.reduce((sum, { processes }) => sum + processes, 0),
    wanted,
    models: each.length ? `: ${each.join(', ')}` : '',
  };
}

/** "94.1 GB" or "12 MB", as the reader's language writes it. */
export function inSize(bytes: number): string {
  const [unit, value] = bytes < 1e9 ? (['megabyte', 1e6] as const) : (['gigabyte', 1e9] as const);
  return new Intl.NumberFormat(currentLocale(), {
    style: 'unit',
    unit,
    maximumFractionDigits: 1,
  }).format(bytes / value);
}

export type Bar = { x: number; width: number; height: number };

/** One bar a minute, the newest at the end; a minute without a figure has none. */
export function bars(values: (number | null)[], size: { width: number; height: number }): Bar[] {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const step = size.width / 60;
  const start = 60 - values.length;
  return values.flatMap((value, index) => {
    if (!value || !most) return [];
    const height = Math.max(1, (value / most) * size.height);
    return [{ x: (start + index) * step, width: step * 0.8, height }];
  });
}

/** What a policy does, in the reader's words. */
import { currentLocale, t, type Key } from '#lib/i18n/index.svelte.ts';
import type { PolicyReport, PolicyRule, ReplayGroup, ReplayShare } from '../types.ts';
import { languageName } from '#lib/i18n/names.ts';
import { spanWords } from '../words.ts';

export const GROUPS = ['risk', 'about', 'hold', 'nudge', 'praise', 'collapse'] as const;

const HOW = [
  'publish',
  'collapse',
  'nudge',
  'hold',
  'none',
  'routine',
  'soon',
  'now',
] as const satisfies string[];

/** "hold.threat" as a person would say it; a key we have no words for stands as it is. */
export function thresholdWords(key: string): string {
  const words = `staff.rules.key.${key}` as Key;
  const said = t(words);
  return said === words ? key : said;
}

function howWords(how: string): string {
  const known = HOW.find((each) => each === how);
  return known ? t(`staff.rules.handling.${known}`) : how;
}

/** "shown → held: 3" for "publish>hold". */
export function moveWords(move: string, count: number): string {
  const [from = '', to = ''] = move.split('>');
  return t('staff.rules.move', { from: howWords(from), to: howWords(to), count });
}

export function movesWords(moves: Record<string, number>): string {
  const said = Object.entries(moves).map(([move, count]) => moveWords(move, count));
  return said.length ? said.join(' · ') : t('staff.rules.shadow.nothing');
}

export function ruleWords(rule: PolicyRule): string {
  const where = rule.rooms.length
    ? t('staff.rules.rules.rooms', { rooms: rule.rooms.join(', ') })
    : t('staff.rules.rules.everywhere');
  const parts = [
    `${t(`staff.rules.does.${rule.does}`)}, ${where}`,
    t('staff.rules.rules.patterns', { count: rule.patterns }),
  ];
  if (rule.shadow) parts.push(t('staff.rules.rules.shadow'));
  return parts.join(' · ');
}

/** A share with its count, and where it likely lies; for too few, the count alone. */
export function shareWords({ part, whole, low, high }: ReplayShare): string {
  if (low === null || high === null) return t('staff.rules.report.of', { part, whole });
  const share = percent(part / whole);
  return t('staff.rules.report.share', {
    part,
    whole,
    share,
    low: percent(low),
    high: percent(high),
  });
}

function percent(share: number): string {
  return new Intl.NumberFormat(currentLocale(), { style: 'percent' }).format(share);
}

export function loadWords({ load }: PolicyReport): string {
  if (load.more_cases === 0) return t('staff.rules.report.load.same');
  const more = load.more_cases > 0;
  return t(more ? 'staff.rules.report.load.more' : 'staff.rules.report.load.fewer', {
    cases: Math.abs(load.more_cases),
    minutes: Math.abs(load.more_minutes),
    week: spanWords(Math.abs(load.more_minutes_per_week ?? load.more_minutes) * 60),
  });
}

export function paceWords({ load }: PolicyReport): string {
  const minutes = load.minutes_each;
  return load.measured_on
    ? t('staff.rules.report.load.measured', { minutes, cases: load.measured_on })
    : t('staff.rules.report.load.assumed', { minutes });
}

export type Kind = 'rooms' | 'languages' | 'newcomers';

const NEWCOMERS = ['newcomers', 'others', 'unknown'] as const;

/** rooms: their names by slug. */
export function groupWords(kind: Kind, group: ReplayGroup, rooms: Map<string, string>): string {
  if (group.together) return t('staff.rules.report.together');
  if (kind === 'rooms') return rooms.get(group.name) ?? group.name;
  if (kind === 'languages') {
    const known = group.name !== 'unknown' && group.name !== 'und';
    return known ? languageName(group.name) : t('staff.rules.report.language.unknown');
  }
  const since = NEWCOMERS.find((each) => each === group.name);
  return since ? t(`staff.rules.report.newcomers.${since}`) : group.name;
}

/** How many days were replayed. */
export function daysOf(report: PolicyReport): number {
  if (!report.since) return 0;
  return Math.round((Date.parse(report.until) - Date.parse(report.since)) / 86_400_000);
}

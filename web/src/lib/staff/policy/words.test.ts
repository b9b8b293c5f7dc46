import { beforeAll, describe, expect, it } from 'vitest';
import { loadStaffWords } from '#lib/i18n/index.svelte.ts';
import type { PolicyReport, PolicyRule } from '../types.ts';
import {
  daysOf,
  groupWords,
  loadWords,
  movesWords,
  paceWords,
  ruleWords,
  shareWords,
  thresholdWords,
} from './words.ts';

const LOAD = { minutes_each: 2, measured_on: 0, more_cases: 3, more_minutes: 6 };

function report(load: Partial<PolicyReport['load']> = {}): PolicyReport {
  return {
    since: '2026-11-01T00:00:00Z',
    until: '2026-11-08T00:00:00Z',
    load: { ...LOAD, more_minutes_per_week: null, ...load },
  } as PolicyReport;
}

describe('a policy in words', () => {
  beforeAll(loadStaffWords);

  it('says what a threshold is, and leaves an unknown key as it stands', () => {
    expect(thresholdWords('hold.threat')).toBe('A threat to another');
    expect(thresholdWords('rule selling')).toBe('rule selling');
  });

  it('says what would change, with its count', () => {
    expect(movesWords({ 'publish>hold': 3, 'none>soon': 1 })).toBe(
      'shown → held: 3 · seen by nobody → within the hour: 1',
    );
    expect(movesWords({})).toBe('nothing');
  });

  it('tells a share only of enough', () => {
    expect(shareWords({ part: 2, whole: 5, low: null, high: null })).toBe('2 of 5');
    expect(shareWords({ part: 5, whole: 10, low: 0.24, high: 0.76 })).toBe(
      '5 of 10 (50%, likely 24% to 76%)',
    );
  });

  it('says what a rule does and where', () => {
    const rule: PolicyRule = {
      name: 'selling',
      words: 'For sale',
      does: 'hold',
      rooms: ['low-days'],
      patterns: 2,
      shadow: true,
    };
    expect(ruleWords(rule)).toBe(
      'Holds for a moderator, in low-days · 2 patterns · in shadow: counted, and nothing else',
    );
  });

  it('says what moderators would have to do, and whether that was measured', () => {
    expect(loadWords(report({ more_cases: 0 }))).toContain('as many cases as before');
    expect(loadWords(report({ more_cases: -3, more_minutes: -6 }))).toContain('3 cases fewer');
    expect(loadWords(report())).toContain('3 cases more');
    expect(paceWords(report())).toContain('assumed');
    expect(paceWords(report({ measured_on: 7, minutes_each: 4 }))).toContain('median of 7 cases');
  });

  it('names groups as the reader knows them', () => {
    const group = { name: 'low-days', together: false } as PolicyReport['rooms'][number];
    expect(groupWords('rooms', group, new Map([['low-days', 'Low days']]))).toBe('Low days');
    expect(groupWords('languages', { ...group, name: 'de' }, new Map())).toBe('German');
    expect(groupWords('languages', { ...group, name: 'unknown' }, new Map())).toBe(
      'Not recognised',
    );
    expect(groupWords('rooms', { ...group, together: true }, new Map())).toContain('together');
    expect(daysOf(report())).toBe(7);
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { loadStaffWords } from '#lib/i18n/index.svelte.ts';
import {
  foundSeries,
  judgedSeries,
  ruleWords,
  shareWords,
  weekStacks,
  type Judged,
  type Share,
} from './judgement.ts';

beforeAll(loadStaffWords);

const share = (part: number, of: number): Share => ({
  value: of ? part / of : null,
  low: 0.25,
  high: 0.75,
  of,
  few: of < 30,
});

const week = (start: string, confirmed: number, dismissed: number, waiting = 0) => ({
  start,
  outcomes: {
    flagged: confirmed + dismissed + waiting,
    confirmed,
    dismissed,
    wrong: 0,
    waiting,
  },
  precision: share(confirmed, confirmed + dismissed),
});

const judged = (weeks: Judged['weeks']): Judged => ({
  kind: 'signal',
  name: 'threat',
  outcomes: { flagged: 0, confirmed: 0, dismissed: 0, wrong: 0, waiting: 0 },
  precision: share(0, 0),
  weeks,
});

const frame = { width: 400, height: 100 };

describe('weeks as stacks', () => {
  const series = judgedSeries(judged([week('2026-11-09', 5, 3, 2), week('2026-11-16', 0, 0)]));
  const { stacks, ticks } = weekStacks(series, frame);

  it('stand on the ground, part on part, and reach their total', () => {
    expect(stacks[0]?.parts.map(({ name, height }) => [name, height])).toEqual([
      ['confirmed', 50],
      ['dismissed', 30],
      ['waiting', 20],
    ]);
    expect(stacks[0]?.parts.map(({ y }) => Math.round(y))).toEqual([50, 20, 0]);
    expect(stacks[0]).toMatchObject({ total: 10 });
    expect(ticks.map(({ value }) => value)).toEqual([0, 5, 10]);
  });

  it('show a week without cases as nothing', () => {
    expect(stacks[1]).toMatchObject({ total: 0, parts: [], y: 100 });
  });

  it('name the newest week, and of many only as many as do not touch', () => {
    const many = Array.from({ length: 52 }, (_, number) => week(`week ${String(number)}`, 1, 0));
    const named = weekStacks(judgedSeries(judged(many)), frame).stacks.filter((one) => one.named);
    expect(named.at(-1)?.start).toBe('week 51');
    const [first, second] = named;
    expect((second?.x ?? 0) - (first?.x ?? 0)).toBeGreaterThanOrEqual(52);
  });

  it('are of two parts where it is about who asked first', () => {
    const { names, weeks } = foundSeries({
      name: 'danger',
      found: 3,
      missed: 1,
      share: share(3, 4),
      weeks: [{ start: '2026-11-16', found: 3, missed: 1, share: share(3, 4) }],
    });
    expect([names, weeks[0]?.values]).toEqual([
      ['found', 'missed'],
      [3, 1],
    ]);
  });
});

describe('words', () => {
  it('give a share with its interval, or say that there is none', () => {
    expect(shareWords(share(12, 15))).toBe('12 of 15: 80%, likely 25% to 75%');
    expect(shareWords(share(0, 0))).toBe('nobody has decided yet');
  });

  it('name a rule we know, and leave any other its own name', () => {
    expect(ruleWords({ kind: 'lexicon', name: 'intent' })).toBe('Phrases: intent');
    expect(ruleWords({ kind: 'signal', name: 'risk' })).toBe('Model: risk to the author');
    expect(ruleWords({ kind: 'own', name: 'threat' })).toBe('threat');
    expect(ruleWords({ kind: 'model', name: 'hearth-en-1' })).toBe('hearth-en-1');
  });
});

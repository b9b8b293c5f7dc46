import { describe, expect, it } from 'vitest';
import { findContact, leftOut } from './contact.ts';
import { mayBeInDanger, suggestTopic } from './suggest.ts';

const words = (text: string, names?: ReadonlySet<string>) =>
  findContact(text, names).map(({ start, end }) => text.slice(start, end));

describe('a way to reach somebody', () => {
  it.each([
    ['write to anna.b@example.org please', ['anna.b@example.org']],
    ['anna (at) example (dot) org', ['anna (at) example (dot) org']],
    ['call me on 0851234567 tonight', ['0851234567']],
    ['my number: +353 85 123 4567', ['+353 85 123 4567']],
    ['I am at 030 1234 5678 all day', ['030 1234 5678']],
    ['my insta is sad_otter', ['my insta is sad_otter']],
    ['add me on discord as otter77', ['add me on discord as otter77']],
    ['otter#1234 if you like', ['otter#1234']],
    ['join https://discord.gg/abc123', ['https://discord.gg/abc123']],
    ['I live at 12 Green Street', ['12 Green Street']],
    ['ich wohne Lindenstraße 14', ['Lindenstraße 14']],
    ['it is @sad_otter', ['@sad_otter']],
  ])('is found in %j', (text, found) => {
    expect(words(text)).toEqual(found);
  });

  it.each([
    'since 12/03/2021 it is hard',
    'from 2019-2021 I was away',
    'it cost 1 200 000 in the end',
    'please call 116 123, they listen',
    'text 741741 or call 988',
    'at 10:30 I woke, again at 3',
    'I am 34 and took 20 mg for 12 days',
    'they told me at home that it is fine',
    'my signal is weak here',
  ])('is not found in %j', (text) => {
    expect(words(text)).toEqual([]);
  });

  it('is no member called by their name here', () => {
    expect(words('thank you @river_9', new Set(['river_9']))).toEqual([]);
  });

  it('is left out where it stood, and the rest stays', () => {
    const text = 'a@example.org or 0851234567 please call';
    expect(leftOut(text, findContact(text), '[…]')).toBe('[…] or […] please call');
  });

  it('is looked for in time that does not explode', () => {
    const started = performance.now();
    findContact(`${'1 '.repeat(2000)}${'a.'.repeat(1000)}${'@'.repeat(500)}`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('a content note', () => {
  it.each([
    ['my mother died in spring', 'loss'],
    ['I had a relapse on sunday', 'substances'],
    ['I relapsed on sunday', 'substances'],
    ['I count calories all day', 'eating'],
    ['today was a good day', null],
    ['meine Oma ist gestorben', 'loss'],
  ] as const)('for %j is %j', (text, topic) => {
    expect(suggestTopic(text)).toBe(topic);
  });

  it.each([
    'my mother died and I want to die too',
    'I relapsed and I am going to kill myself',
    'ich kann nicht mehr weiter, meine Oma ist gestorben',
    'I counted calories and cut myself',
    'murió mi madre y no quiero vivir',
  ])('is asked of nobody who may be in danger: %j', (text) => {
    expect(suggestTopic(text)).toBeNull();
    expect(mayBeInDanger(text)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { remembered } from './cast.ts';
import { unheard } from './unheard.ts';

const nobody = { people: new Set<string>(), topics: [] };

describe('what a reader does not want to hear', () => {
  it('folds a muted person away, and nobody else', () => {
    const choice = { ...nobody, people: new Set(['ada']) };
    const other = remembered(2, { author: { id: 'ben', name: 'Ben', role: 'peer' } });
    expect(unheard(choice, remembered(1))).toBe('person');
    expect(unheard(choice, other)).toBeNull();
    expect(unheard(nobody, remembered(1))).toBeNull();
  });

  it('always lets those be heard who keep the room', () => {
    const author = { id: 'ada', name: 'Ada', role: 'moderator' } as const;
    const choice = { people: new Set(['ada']), topics: ['words'] };
    expect(unheard(choice, remembered(1, { author }))).toBeNull();
    expect(unheard(choice, remembered(1))).not.toBeNull();
  });

  it.each([
    ['I could not eat today', null, 'topic'],
    ['Eating was hard', null, 'topic'],
    ['all fine', 'Eating', 'topic'],
    ['we had a great day', null, null],
    ['the heat', null, null],
    ['the heat, and I eat', null, 'topic'],
  ])('finds a topic where a word begins with it: %s', (text, content_note, found) => {
    const choice = { ...nobody, topics: ['Eat'] };
    expect(unheard(choice, remembered(1, { text, content_note }))).toBe(found);
  });

  it('has nothing to find where the words are gone', () => {
    const choice = { ...nobody, topics: ['words'] };
    expect(unheard(choice, remembered(1, { text: null }))).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import {
  choiceOf,
  noteIn,
  readNote,
  TOPICS,
  writeNote,
  type Choice,
  type Topic,
} from './topics.ts';

const chose = (topic: Topic, choice: Choice) => new Map([[topic, choice]]);

describe('the topics of a content note', () => {
  it('are known again in every language, and read in the reader’s own', () => {
    for (const topic of TOPICS)
      for (const language of ['en', 'de', 'es', 'fr', 'ar'] as const)
        expect(readNote(writeNote([topic], '', language)).topics).toEqual([topic]);
    const note = writeNote(['loss', 'violence'], 'my brother', 'de');
    expect(note).toBe('Verlust · Gewalt · my brother');
    expect(noteIn(note, 'fr')).toBe('Deuil · Violence · my brother');
  });

  it('leave free words as they were written', () => {
    expect(readNote('a long day · at work')).toEqual({
      topics: [],
      own: 'a long day · at work',
      placed: false,
    });
    expect(noteIn('a long day · at work', 'ar')).toBe('a long day · at work');
  });

  it('are folded unless every one of them is wanted open, and muted when any is', () => {
    expect(choiceOf('Loss', new Map())).toBe('fold');
    expect(choiceOf('Loss', chose('loss', 'show'))).toBe('show');
    expect(choiceOf('Loss · Violence', chose('loss', 'show'))).toBe('fold');
    expect(choiceOf('Loss · my brother', chose('loss', 'show'))).toBe('fold');
    expect(choiceOf('Verlust · Gewalt', chose('violence', 'mute'))).toBe('mute');
  });

  it('never open what a moderator or a program folded', () => {
    const placed = 'This speaks of violence.';
    expect(choiceOf(placed, chose('violence', 'show'))).toBe('fold');
    expect(choiceOf(placed, chose('violence', 'mute'))).toBe('mute');
    expect(noteIn(placed, 'en')).toBe(placed);
    expect(noteIn(placed, 'es')).toBe('Violencia');
  });
});

/**
 * What a content note is about: a short fixed list, said in each reader's own language.
 *
 * A note is words, sealed as a message is. Its topics are their names, in any of the languages, set apart from
 * each other and from the author's own words; whoever reads them knows them again.
 */
import type { Body } from '#lib/api/types.ts';
import type { Language } from '#lib/i18n/languages.ts';
import names from './topics.json';

export type Topic = keyof typeof names;
export type Choice = Body<'TopicChoice'>['choice'];
export type Choices = ReadonlyMap<Topic, Choice>;
/** placed: put there by a moderator or a program, so that it is folded whatever a reader chose. */
export type Note = { topics: readonly Topic[]; own: string; placed: boolean };

export const TOPICS = Object.keys(names) as Topic[];

const APART = ' · ';
/** What the server writes before a message, in words of its own (words.toml, policy.toml). */
const PLACED: Record<string, Topic | null> = {
  'A moderator thought that some may want to choose when to read this.': null,
  'This speaks of suicide or of hurting oneself.': 'self_harm',
  'This speaks of violence.': 'violence',
  'This speaks of abuse.': 'abuse',
  'This speaks of death and grief.': 'loss',
  'This speaks of alcohol or drugs.': 'substances',
  'This speaks of food, weight or an eating disorder.': 'eating',
  'Talks about ways of hurting oneself': 'self_harm',
  'Holds strong words about another person': 'hate',
};

const known = new Map(
  TOPICS.flatMap((topic) => Object.values(names[topic]).map((name) => [name.toLowerCase(), topic])),
);

export function topicName(topic: Topic, language: Language): string {
  return names[topic][language];
}

export function readNote(note: string): Note {
  const placed = PLACED[note];
  if (placed !== undefined) return { topics: placed ? [placed] : [], own: '', placed: true };
  const parts = note.split(APART).map((part) => part.trim());
  const topics = parts.flatMap((part) => known.get(part.toLowerCase()) ?? []);
  const own = parts.filter((part) => !known.has(part.toLowerCase())).join(APART);
  return { topics: [...new Set(topics)], own, placed: false };
}

export function writeNote(topics: readonly Topic[], own: string, language: Language): string {
  const said = topics.map((topic) => topicName(topic, language));
  return [...said, own.trim()].filter(Boolean).join(APART);
}

/** A note as this reader reads it; what has no topic is shown as it was written. */
export function noteIn(note: string, language: Language): string {
  const { topics, own, placed } = readNote(note);
  if (!topics.length || (placed && language === 'en')) return note;
  return writeNote(topics, own, language);
}

/** How this reader meets what stands behind a note: anything muted counts first, own words are always folded. */
export function choiceOf(note: string, choices: Choices): Choice {
  const { topics, own, placed } = readNote(note);
  const chosen = topics.map((topic) => choices.get(topic) ?? 'fold');
  if (chosen.includes('mute')) return 'mute';
  const isOpen = chosen.length > 0 && chosen.every((choice) => choice === 'show');
  return isOpen && !own && !placed ? 'show' : 'fold';
}

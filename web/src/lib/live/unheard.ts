/** Which words are folded away for a reader: those of people and topics they chose not to hear. */

export type Unheard = { people: ReadonlySet<string>; topics: readonly string[] };
export type Spoken = {
  author: { id: string; role: string };
  text?: string | null;
  content_note?: string | null;
};

const LETTER = /[\p{L}\p{N}]/u;

/** Who keeps the room is always heard. */
export function unheard(choice: Unheard, message: Spoken): 'person' | 'topic' | null {
  if (message.author.role !== 'peer') return null;
  if (choice.people.has(message.author.id)) return 'person';
  const words = `${message.content_note ?? ''}\n${message.text ?? ''}`.toLowerCase();
  return choice.topics.some((topic) => begins(words, topic.toLowerCase())) ? 'topic' : null;
}

/** Whether a word begins with the topic: "eat" is in "eating", "rope" is not in "Europe". */
function begins(words: string, topic: string): boolean {
  for (let at = words.indexOf(topic); at >= 0; at = words.indexOf(topic, at + 1))
    if (!LETTER.test(words[at - 1] ?? '')) return true;
  return false;
}

/** Finding words in what a page already has: letters with and without marks and capitals are the same. */
import type { Message } from '#lib/live/room.ts';

/** `before`, `hit`, `after`: around the first place. */
export type Found = { message: Message; before: string; hit: string; after: string };

const AROUND = 40;

export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** The newest first. `mayRead`: what is folded away from the reader is not laid open by looking for it. */
export function findIn(
  messages: readonly Message[],
  words: string,
  mayRead: (message: Message) => boolean,
): Found[] {
  const wanted = folded(words.trim());
  if (wanted.length < 2) return [];
  return [...messages].reverse().flatMap((message) => {
    if (message.state !== 'published' || !message.text || !mayRead(message)) return [];
    const place = placeOf(message.text, wanted);
    return place ? [around(message, message.text, ...place)] : [];
  });
}

/** In the text as it is written, whose letters may be longer than the folded ones. */
function placeOf(text: string, wanted: string): [number, number] | null {
  const units: number[] = [];
  let plain = '';
  let at = 0;
  for (const letter of text) {
    for (const unit of folded(letter)) {
      plain += unit;
      units.push(...Array<number>(unit.length).fill(at));
    }
    at += letter.length;
  }
  const start = plain.indexOf(wanted);
  if (start < 0) return null;
  return [units[start] ?? 0, units[start + wanted.length] ?? text.length];
}

function around(message: Message, text: string, start: number, end: number): Found {
  const from = Math.max(0, start - AROUND);
  return {
    message,
    before: (from ? '…' : '') + text.slice(from, start),
    hit: text.slice(start, end),
    after: text.slice(end, end + AROUND) + (end + AROUND < text.length ? '…' : ''),
  };
}

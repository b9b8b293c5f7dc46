/** What stands in the log, top to bottom: days, the mark where the reader left off, and messages. */
import type { Message } from '#lib/live/room.ts';

export type Line =
  | { type: 'day'; key: string; at: string }
  | { type: 'new'; key: 'new' }
  /** `first`: the name is shown, because somebody else spoke before, or long ago. */
  | { type: 'message'; key: string; message: Message; first: boolean };

const TOGETHER_MS = 5 * 60 * 1000;

export function linesOf(messages: readonly Message[], firstUnread: string | null): Line[] {
  const lines: Line[] = [];
  let previous: Message | null = null;
  for (const message of messages) {
    const newDay = !previous || dayOf(previous.at) !== dayOf(message.at);
    const mark = message.id === firstUnread;
    if (newDay) lines.push({ type: 'day', key: `day ${dayOf(message.at)}`, at: message.at });
    if (mark) lines.push({ type: 'new', key: 'new' });
    const first = newDay || mark || !previous || !together(previous, message);
    lines.push({ type: 'message', key: message.id, message, first });
    previous = message;
  }
  return lines;
}

function dayOf(at: string): string {
  const day = new Date(at);
  return `${day.getFullYear()}-${day.getMonth()}-${day.getDate()}`;
}

function together(before: Message, after: Message): boolean {
  return (
    before.author.id === after.author.id &&
    Date.parse(after.at) - Date.parse(before.at) < TOGETHER_MS
  );
}

/** The first of `unread` messages by others, counted from the newest; null when nothing came before it. */
export function firstUnreadOf(
  messages: readonly Message[],
  unread: number,
  me: string | undefined,
): string | null {
  let left = unread;
  let found: string | null = null;
  for (const message of [...messages].reverse()) {
    if (left === 0) break;
    if (message.author.id === me) continue;
    found = message.id;
    left -= 1;
  }
  return found === messages[0]?.id ? null : found;
}

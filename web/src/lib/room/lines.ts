/** What stands in the log, top to bottom: days, the mark where the reader left off, and messages. */
import type { Message } from '#lib/live/room.ts';

export type Line =
  | { type: 'day'; key: string; at: string }
  | { type: 'new'; key: 'new' }
  /** `first`: the name is shown, because somebody else spoke before, or long ago. */
  | { type: 'message'; key: string; message: Message; first: boolean };

/** Lines that come into the page, and go out of it, together. */
export type Block = { key: number; lines: Line[] };

const TOGETHER_MS = 5 * 60 * 1000;
const BLOCK_SEQS = 16;

export function linesOf(messages: readonly Message[], firstUnread: string | null): Line[] {
  const lines: Line[] = [];
  let previous: Message | null = null;
  for (const message of messages) {
    const newDay = !previous || dayOf(previous) !== dayOf(message);
    const mark = message.id === firstUnread;
    if (newDay) lines.push({ type: 'day', key: `day ${dayOf(message)}`, at: message.at });
    if (mark) lines.push({ type: 'new', key: 'new' });
    const first = newDay || mark || !previous || !together(previous, message);
    lines.push({ type: 'message', key: message.id, message, first });
    previous = message;
  }
  return lines;
}

/** A block's bounds stay where they are when earlier or newer messages join it; days go with what follows. */
export function blocksOf(lines: readonly Line[]): Block[] {
  const blocks: Block[] = [];
  let waiting: Line[] = [];
  for (const line of lines) {
    waiting.push(line);
    if (line.type !== 'message') continue;
    const key = Math.floor(line.message.seq / BLOCK_SEQS);
    const last = blocks.at(-1);
    if (last && last.key >= key) last.lines.push(...waiting);
    else blocks.push({ key, lines: waiting });
    waiting = [];
  }
  return blocks;
}

/** Ten thousand times are not read anew for each message that comes. */
const days = new WeakMap<Message, string>();

function dayOf(message: Message): string {
  const known = days.get(message);
  if (known) return known;
  const at = new Date(message.at);
  const day = `${at.getFullYear()}-${at.getMonth()}-${at.getDate()}`;
  days.set(message, day);
  return day;
}

function together(before: Message, after: Message): boolean {
  return (
    before.author.id === after.author.id &&
    Date.parse(after.at) - Date.parse(before.at) < TOGETHER_MS
  );
}

/** The first message by others after what was read. */
export function firstUnreadOf(
  messages: readonly Message[],
  readSeq: number,
  me: string | undefined,
): string | null {
  return messages.find(({ seq, author }) => seq > readSeq && author.id !== me)?.id ?? null;
}

/**
 * Words on their way: pure functions over a list of entries in the order they were sent.
 *
 * An entry keeps its `client_id` until the room shows it, whatever happens to the line, so that the
 * server can answer a repetition with the first answer. Nothing here leaves the device by itself.
 */
import type { ClientFrameOf, ServerFrame, ServerFrameOf } from '#lib/api/types.ts';

export type EntryState =
  /** Will be sent as soon as the line and `notBefore` allow. */
  | 'waiting'
  /** On the wire, not answered. */
  | 'sending'
  /** Durable; the room's own frame is on its way. */
  | 'posted'
  /** The author is asked: edit, send as it is, or discard. */
  | 'nudged'
  /** Refused for good; the author may try again or take the words back. */
  | 'failed';

export type Entry = {
  clientId: string;
  room: string;
  /** The message that is edited; null for a new one. */
  edits: string | null;
  text: string;
  replyTo: string | null;
  ask: boolean;
  contentNote: string | null;
  insist: boolean;
  state: EntryState;
  /** When it was sent by its author, in milliseconds. */
  at: number;
  /** When it was last put on the wire, in milliseconds. */
  sentAt: number | null;
  attempts: number;
  /** Not to be sent before, in milliseconds. */
  notBefore: number;
  nudge: ServerFrameOf<'nudge'> | null;
  problem: { code: string; detail: string } | null;
};

export type Outbox = readonly Entry[];

export type Draft = Pick<Entry, 'room' | 'edits' | 'text' | 'replyTo' | 'ask' | 'contentNote'>;

const RETRIES = 6;
const FIRST_RETRY_S = 2;
const LAST_RETRY_S = 60;
/** Words that waited this long go one by one: when one is refused for now, none after it is on its way. */
const OLD_MS = 10_000;

/** `at` only grows, whatever happens to the clock: it is the order, also after a reload. */
export function add(outbox: Outbox, draft: Draft, clientId: string, now: number): Outbox {
  const entry: Entry = {
    ...draft,
    clientId,
    insist: false,
    state: 'waiting',
    at: Math.max(now, ...outbox.map((other) => other.at + 1)),
    sentAt: null,
    attempts: 0,
    notBefore: now,
    nudge: null,
    problem: null,
  };
  return [...outbox, entry];
}

/** What may go now, oldest first; in a room nothing overtakes what waits before it. */
export function due(outbox: Outbox, now: number): Entry[] {
  const blocked = new Set<string>();
  const ready: Entry[] = [];
  for (const entry of outbox) {
    const isOld = now - entry.at > OLD_MS;
    if (entry.state === 'sending' && isOld) blocked.add(entry.room);
    if (entry.state !== 'waiting' || blocked.has(entry.room)) continue;
    if (entry.notBefore <= now) ready.push(entry);
    if (entry.notBefore > now || isOld) blocked.add(entry.room);
  }
  return ready;
}

/** When the next waiting entry may go, or null when none waits for a time. */
export function nextDue(outbox: Outbox): number | null {
  const times = outbox.filter((entry) => entry.state === 'waiting').map((entry) => entry.notBefore);
  return times.length ? Math.min(...times) : null;
}

export function toFrame(entry: Entry): ClientFrameOf<'post'> | ClientFrameOf<'edit'> {
  const { room, clientId: client_id, text, insist } = entry;
  if (entry.edits) return { type: 'edit', room, client_id, message: entry.edits, text, insist };
  return {
    type: 'post',
    room,
    client_id,
    text,
    insist,
    reply_to: entry.replyTo,
    ask: entry.ask,
    content_note: entry.contentNote,
  };
}

export function sent(outbox: Outbox, clientId: string, now: number): Outbox {
  return update(outbox, clientId, () => ({ state: 'sending', sentAt: now }));
}

/** The line is gone: what was not answered is sent again, under the same `client_id`. */
export function lineLost(outbox: Outbox, now: number): Outbox {
  return outbox.map((entry) =>
    entry.state === 'sending' ? { ...entry, state: 'waiting', notBefore: now } : entry,
  );
}

/** What another tab says of its words, or what was kept: each in its place, the newer one instead of the older. */
export function taken(outbox: Outbox, entries: readonly Entry[]): Outbox {
  const ids = new Set(entries.map(({ clientId }) => clientId));
  const others = outbox.filter(({ clientId }) => !ids.has(clientId));
  return [...others, ...entries].sort((one, other) => one.at - other.at);
}

/** What was kept over a reload. Nobody knows whether what was on the wire arrived: it goes again, as the same message. */
export function restored(outbox: Outbox, kept: readonly Entry[], now: number): Outbox {
  const here = new Set(outbox.map(({ clientId }) => clientId));
  return taken(
    outbox,
    lineLost(
      kept.filter(({ clientId }) => !here.has(clientId)),
      now,
    ),
  );
}

/** What differs between two states: for the browser's store, and for the other tabs. */
export function differences(before: Outbox, after: Outbox): { changed: Entry[]; gone: string[] } {
  const known = new Set(before);
  const left = new Set(after.map(({ clientId }) => clientId));
  return {
    changed: after.filter((entry) => !known.has(entry)),
    gone: before.map(({ clientId }) => clientId).filter((clientId) => !left.has(clientId)),
  };
}

/** The author changed nudged or failed words, and sends them again as the same message. */
export function revise(outbox: Outbox, clientId: string, draft: Draft, now: number): Outbox {
  return update(outbox, clientId, () => ({ ...draft, ...again(now), insist: false }));
}

/** "Send as it is." */
export function insist(outbox: Outbox, clientId: string, now: number): Outbox {
  return update(outbox, clientId, () => ({ ...again(now), insist: true }));
}

export function retry(outbox: Outbox, clientId: string, now: number): Outbox {
  return update(outbox, clientId, () => again(now));
}

export function discard(outbox: Outbox, clientId: string): Outbox {
  return outbox.filter((entry) => entry.clientId !== clientId);
}

/** What a frame from the server means for one's own words. */
export function receive(outbox: Outbox, frame: ServerFrame, now: number): Outbox {
  switch (frame.type) {
    case 'message':
      return discard(outbox, frame.client_id);
    case 'posted':
      return posted(outbox, frame.client_id);
    case 'held':
      return discard(outbox, frame.client_id);
    case 'nudge':
      return update(outbox, frame.client_id, () => ({ state: 'nudged', nudge: frame }));
    case 'refused':
      return frame.client_id ? refused(outbox, frame, now) : outbox;
    default:
      return outbox;
  }
}

/** History shows what was said: entries that are in it have arrived, whatever became of their answers. */
export function arrived(outbox: Outbox, clientIds: ReadonlySet<string>): Outbox {
  return outbox.filter((entry) => !clientIds.has(entry.clientId));
}

/** A new message stays until the room shows it; an edit is over once it is durable. */
function posted(outbox: Outbox, clientId: string): Outbox {
  const entry = outbox.find((candidate) => candidate.clientId === clientId);
  if (entry?.edits) return discard(outbox, clientId);
  return update(outbox, clientId, () => ({ state: 'posted', problem: null, nudge: null }));
}

function refused(outbox: Outbox, frame: ServerFrameOf<'refused'>, now: number): Outbox {
  const problem = { code: frame.code, detail: frame.detail };
  return update(outbox, frame.client_id ?? '', (entry) => {
    if (!frame.retryable || entry.attempts >= RETRIES) return { state: 'failed', problem };
    return {
      state: 'waiting',
      problem,
      attempts: entry.attempts + 1,
      notBefore: now + retryAfterMs(frame.retry_after_s, entry.attempts),
    };
  });
}

function retryAfterMs(asked: number | null, attempts: number): number {
  return (asked ?? Math.min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** attempts)) * 1000;
}

function again(now: number): Partial<Entry> {
  return { state: 'waiting', notBefore: now, attempts: 0, nudge: null, problem: null };
}

function update(
  outbox: Outbox,
  clientId: string,
  change: (entry: Entry) => Partial<Entry>,
): Outbox {
  return outbox.map((entry) =>
    entry.clientId === clientId ? { ...entry, ...change(entry) } : entry,
  );
}

/**
 * What a room looks like from here: a pure reducer over history pages, frames, and one's own taps.
 *
 * `seq` is the only order. Every change in the room takes the next one, so a frame that is not the
 * next is either a double, which dies here, or shows a gap, and then `behind` asks for a resume.
 */
import type { History, HistoryMessage, Reaction, Room, ServerFrameOf } from '#lib/api/types.ts';

export type Message = HistoryMessage;

const RESUMES = 2;
/** When more are held than the first, and their reader is at the end, the newest so many stay. */
const TOO_MANY = 400;
const KEPT = 200;

export type RoomState = {
  /** The newest `seq` applied in order; null until history or `joined` has told one. */
  seq: number | null;
  /** A gap was seen: join again with `after: seq`; until `joined` comes, only the next frame counts. */
  behind: boolean;
  /** Resumes without a step forward. What resuming cannot mend, a new page of history does. */
  resumes: number;
  /** Positions are worthless: fetch the history anew. */
  stale: boolean;
  /** Where the room stood when we joined: what comes up to here is catching up, not news. */
  joinedAt: number;
  messages: readonly Message[];
  /** One's own words that wait for a moderator. */
  held: readonly Message[];
  /** The cursor of the page before; null at the room's beginning. */
  before: number | null;
  members: number;
  here: number;
  moderatorOn: boolean;
  /** What one's last reply did well; only until something else is said, or it is put away. */
  praise: ServerFrameOf<'praise'> | null;
  ended: 'left' | 'removed' | 'closed' | null;
};

export type RoomEvent =
  | { type: 'newest_page'; page: History }
  | { type: 'older_page'; page: History }
  | { type: 'resuming' }
  | { type: 'i_reacted'; message: string; reaction: Reaction | null }
  | { type: 'i_answered'; message: string; answer: Message['my_answer'] }
  | { type: 'i_was_held'; message: Message }
  | { type: 'i_helped'; message: string }
  | { type: 'held_now'; held: readonly Message[] }
  | { type: 'praise_over' }
  | { type: 'at_end' }
  | ServerFrameOf<
      'joined' | 'message' | 'changed' | 'reaction' | 'presence' | 'praise' | 'left' | 'reset'
    >;

export function emptyRoom(): RoomState {
  return {
    seq: null,
    behind: false,
    resumes: 0,
    stale: false,
    joinedAt: 0,
    messages: [],
    held: [],
    before: null,
    members: 0,
    here: 0,
    moderatorOn: false,
    praise: null,
    ended: null,
  };
}

export function step(state: RoomState, event: RoomEvent): RoomState {
  switch (event.type) {
    case 'newest_page':
      return fromPage(state, event.page);
    case 'older_page':
      return withOlder(state, event.page);
    case 'resuming':
      return { ...state, behind: true, resumes: state.resumes + 1 };
    case 'joined':
      return joined(state, event);
    case 'message':
      return inOrder(state, event.seq, (next) => withReply(next, fromFrame(event)));
    case 'changed':
      return inOrder(state, event.seq, (next) => withChange(next, event));
    case 'reaction':
      return inOrder(state, event.seq, (next) =>
        patch(next, event.message, () => ({ reactions: event.reactions })),
      );
    case 'presence':
      return { ...state, here: event.here, moderatorOn: event.moderator_on };
    case 'praise':
      return { ...state, praise: event };
    case 'praise_over':
      return state.praise ? { ...state, praise: null } : state;
    case 'at_end':
      return lighter(state);
    case 'left':
      return { ...state, ended: event.reason };
    case 'reset':
      return { ...state, stale: true };
    case 'i_reacted':
      return patch(state, event.message, (message) => reacted(message, event.reaction));
    case 'i_answered':
      return patch(state, event.message, () => ({ my_answer: event.answer }));
    case 'i_was_held':
      return { ...state, held: [...without(state.held, event.message.id), event.message] };
    case 'i_helped':
      return patch(state, event.message, () => ({ helped: true }));
    case 'held_now':
      return { ...state, held: event.held };
  }
}

/** Is this message new to the reader, and worth speaking? What only catches up is not. */
export function isNews(before: RoomState, after: RoomState, id: string): boolean {
  const message = after.messages.at(-1);
  return (
    message?.id === id &&
    before.messages.at(-1)?.id !== id &&
    message.seq > after.joinedAt &&
    message.state === 'published'
  );
}

/** How many of those that were unread on coming in are not among the messages that are here. */
export function unreadAbove(
  state: RoomState,
  came: Pick<Room, 'read_seq' | 'seq' | 'unread'>,
  me: string | undefined,
): number {
  if (state.before === null) return 0;
  const here = state.messages.filter(
    (message) =>
      message.seq > came.read_seq &&
      message.seq <= came.seq &&
      message.author.id !== me &&
      message.state === 'published',
  );
  return Math.max(0, came.unread - here.length);
}

function fromPage(state: RoomState, page: History): RoomState {
  return {
    ...state,
    seq: page.seq,
    behind: false,
    resumes: 0,
    stale: false,
    messages: page.messages,
    held: page.held,
    before: page.before,
  };
}

function withOlder(state: RoomState, page: History): RoomState {
  const known = new Set(state.messages.map((message) => message.id));
  const older = page.messages.filter((message) => !known.has(message.id));
  return { ...state, messages: [...older, ...state.messages], before: page.before };
}

/** What is far above is let go, so that days in a room cost no more than an hour; it comes back as a page. */
function lighter(state: RoomState): RoomState {
  if (state.messages.length <= TOO_MANY) return state;
  const messages = state.messages.slice(-KEPT);
  return { ...state, messages, before: messages[0]?.seq ?? state.before };
}

function joined(state: RoomState, frame: ServerFrameOf<'joined'>): RoomState {
  return {
    ...state,
    seq: state.seq ?? frame.seq,
    behind: false,
    joinedAt: Math.max(state.joinedAt, frame.seq),
    members: frame.members,
    here: frame.here,
    moderatorOn: frame.moderator_on,
    ended: null,
  };
}

function inOrder(state: RoomState, seq: number, apply: (next: RoomState) => RoomState): RoomState {
  if (state.stale) return state;
  const expected = (state.seq ?? seq - 1) + 1;
  if (seq < expected) return state;
  if (seq > expected) return withGap(state);
  return apply({ ...state, seq, resumes: 0 });
}

function withGap(state: RoomState): RoomState {
  if (state.behind) return state;
  return state.resumes < RESUMES ? { ...state, behind: true } : { ...state, stale: true };
}

function fromFrame(frame: ServerFrameOf<'message'>): Message {
  return {
    seq: frame.seq,
    id: frame.id,
    author: frame.author,
    author_kind: frame.author_kind,
    state: 'published',
    text: frame.text,
    at: frame.at,
    client_id: frame.client_id,
    reply_to: frame.reply_to,
    ask: frame.ask,
    content_note: frame.content_note,
    edited_at: frame.edited_at,
    reactions: frame.reactions,
    my_reaction: null,
    my_answer: null,
    helped: false,
    replies: 0,
  };
}

/** What it answers has one reply more, unless this one was there already. */
function withReply(state: RoomState, message: Message): RoomState {
  const known = state.messages.some(({ id }) => id === message.id);
  const next = withMessage(state, message);
  return known || !message.reply_to ? next : withReplies(next, message.reply_to, 1);
}

function withReplies(state: RoomState, id: string, more: number): RoomState {
  return patch(state, id, ({ replies }) => ({ replies: Math.max(0, replies + more) }));
}

function withMessage(state: RoomState, message: Message): RoomState {
  return {
    ...state,
    messages: [...without(state.messages, message.id), message],
    held: without(state.held, message.id),
  };
}

function without(messages: readonly Message[], id: string): readonly Message[] {
  return messages.some((message) => message.id === id)
    ? messages.filter((message) => message.id !== id)
    : messages;
}

function withChange(state: RoomState, frame: ServerFrameOf<'changed'>): RoomState {
  if (frame.change === 'joined') return withMembers(state, frame.seq, 1);
  if (frame.change === 'left') return withMembers(state, frame.seq, -1);
  if (!frame.message) return state;
  const before = state.messages.find(({ id }) => id === frame.message);
  const next = patch(state, frame.message, (message) => changed(message, frame));
  const after = next.messages.find(({ id }) => id === frame.message);
  if (!before?.reply_to || before.state === after?.state) return next;
  return withReplies(next, before.reply_to, after?.state === 'published' ? 1 : -1);
}

/** `joined` has told how many there were up to where the room stood then. */
function withMembers(state: RoomState, seq: number, more: number): RoomState {
  return seq > state.joinedAt ? { ...state, members: Math.max(0, state.members + more) } : state;
}

function changed(message: Message, frame: ServerFrameOf<'changed'>): Partial<Message> {
  switch (frame.change) {
    case 'edited':
      return {
        text: frame.text,
        content_note: frame.content_note,
        edited_at: frame.edited_at,
      };
    case 'withdrawn':
      return { state: 'withdrawn', text: null };
    case 'hidden':
      return { state: 'hidden', text: null };
    case 'shown':
      return {
        state: 'published',
        text: frame.text ?? message.text,
        content_note: frame.content_note,
        edited_at: frame.edited_at,
      };
    case 'collapsed':
      return { content_note: frame.content_note };
    default:
      return {};
  }
}

function patch(
  state: RoomState,
  id: string,
  change: (message: Message) => Partial<Message>,
): RoomState {
  const index = state.messages.findIndex((message) => message.id === id);
  const message = state.messages[index];
  if (!message) return state;
  const messages = [...state.messages];
  messages[index] = { ...message, ...change(message) };
  return { ...state, messages };
}

/** Shown at once; the room's own count follows as a `reaction` frame. */
function reacted(message: Message, reaction: Reaction | null): Partial<Message> {
  const reactions = { ...message.reactions };
  const before = message.my_reaction;
  if (before) reactions[before] = Math.max(0, (reactions[before] ?? 1) - 1);
  if (reaction) reactions[reaction] = (reactions[reaction] ?? 0) + 1;
  return { reactions, my_reaction: reaction };
}

/** The cast of the tests: people with names, and frames as the server writes them. */
import type { HistoryMessage, ServerFrameOf } from '#lib/api/types.ts';

export const ROOM = 'room-kitchen';

export function frame(
  seq: number,
  words: Partial<ServerFrameOf<'message'>> = {},
): ServerFrameOf<'message'> {
  return {
    type: 'message',
    room: ROOM,
    seq,
    id: `message-${seq}`,
    author: { id: 'ada', name: 'Ada', role: 'peer' },
    author_kind: 'person',
    text: `words ${seq}`,
    at: '2026-11-21T20:00:00Z',
    client_id: `client-${seq}`,
    reply_to: null,
    ask: false,
    content_note: null,
    edited_at: null,
    reactions: {},
    ...words,
  };
}

export function remembered(seq: number, more: Partial<HistoryMessage> = {}): HistoryMessage {
  const { id, author, author_kind, text, at, client_id, reply_to } = frame(seq);
  return {
    seq,
    id,
    author,
    author_kind,
    text,
    at,
    client_id,
    reply_to,
    ask: false,
    content_note: null,
    edited_at: null,
    reactions: {},
    state: 'published',
    my_reaction: null,
    my_answer: null,
    helped: false,
    replies: 0,
    ...more,
  };
}

export function changedFrame(
  seq: number,
  more: Partial<ServerFrameOf<'changed'>> = {},
): ServerFrameOf<'changed'> {
  return {
    type: 'changed',
    room: ROOM,
    seq,
    change: 'other',
    message: null,
    text: null,
    content_note: null,
    at: null,
    edited_at: null,
    ...more,
  };
}

export function praiseFrame(more: Partial<ServerFrameOf<'praise'>> = {}): ServerFrameOf<'praise'> {
  return {
    type: 'praise',
    room: ROOM,
    client_id: 'client-1',
    words: 'You named what they feel. People remember that.',
    ...more,
  };
}

export function joinedFrame(seq: number): ServerFrameOf<'joined'> {
  return { type: 'joined', room: ROOM, seq, members: 12, here: 3, moderator_on: true };
}

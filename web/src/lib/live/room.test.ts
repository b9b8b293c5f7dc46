import { describe, expect, it } from 'vitest';
import { changedFrame, frame, joinedFrame, praiseFrame, remembered, ROOM } from './cast.ts';
import { emptyRoom, isNews, step, unreadAbove, type RoomEvent, type RoomState } from './room.ts';

function after(...events: RoomEvent[]): RoomState {
  return events.reduce(step, emptyRoom());
}

/** A room read up to 3, of which 2 and 3 are on the page. */
function readUpToThree(): RoomState {
  return after(
    {
      type: 'newest_page',
      page: { messages: [remembered(2), remembered(3)], before: 2, seq: 3, held: [] },
    },
    joinedFrame(3),
  );
}

const texts = (state: RoomState) => state.messages.map((message) => message.text);

describe('coming back', () => {
  const ben = { id: 'ben', name: 'Ben', role: 'peer' } as const;
  const came = { read_seq: 1, seq: 6, unread: 4 };
  const page = (from: number, before: number | null) => ({
    messages: [4, 5, 6].filter((seq) => seq >= from).map((seq) => remembered(seq, { author: ben })),
    held: [],
    before,
    seq: 6,
  });

  it('counts what was not read and is not here, until it is', () => {
    const state = step(emptyRoom(), { type: 'newest_page', page: page(5, 5) });
    expect(unreadAbove(state, came, 'ada')).toBe(2);
    const more = { ...page(7, 2), messages: [2, 3].map((seq) => remembered(seq, { author: ben })) };
    expect(unreadAbove(step(state, { type: 'older_page', page: more }), came, 'ada')).toBe(0);
  });

  it('asks for nothing before the beginning', () => {
    const state = step(emptyRoom(), { type: 'newest_page', page: page(5, null) });
    expect(unreadAbove(state, came, 'ada')).toBe(0);
  });
});

describe('order in a room', () => {
  it('appends what comes next', () => {
    const state = [frame(4), frame(5)].reduce<RoomState>(step, readUpToThree());
    expect(texts(state)).toEqual(['words 2', 'words 3', 'words 4', 'words 5']);
    expect(state.seq).toBe(5);
  });

  it('lets a double die', () => {
    const once = step(readUpToThree(), frame(4));
    expect(step(once, frame(4))).toBe(once);
    expect(step(once, frame(2, { text: 'replayed' }))).toBe(once);
  });

  it('sees a gap, applies nothing past it, and asks to resume', () => {
    const state = step(readUpToThree(), frame(6));
    expect(state.behind).toBe(true);
    expect(state.seq).toBe(3);
    expect(texts(state)).not.toContain('words 6');
  });

  it('is whole again after the resume', () => {
    const state = [
      frame(6),
      { type: 'resuming' } as const,
      joinedFrame(6),
      frame(4),
      frame(5),
      frame(6),
      frame(6),
    ].reduce<RoomState>(step, readUpToThree());
    expect(texts(state).slice(2)).toEqual(['words 4', 'words 5', 'words 6']);
    expect(state.behind).toBe(false);
  });

  it('takes nothing out of order while it waits for the resume', () => {
    const state = [
      frame(6),
      { type: 'resuming' } as const,
      frame(7),
      frame(4),
      frame(8),
    ].reduce<RoomState>(step, readUpToThree());
    expect(state).toMatchObject({ seq: 4, behind: true });
  });

  it('asks for the history anew when resuming does not mend the gap', () => {
    const resume = [{ type: 'resuming' } as const, joinedFrame(6), frame(6)];
    const state = [frame(6), ...resume, ...resume].reduce<RoomState>(step, readUpToThree());
    expect(state.stale).toBe(true);
    expect(state.seq).toBe(3);
  });

  it('counts a bare change as a step, so that what one may not see is no gap', () => {
    const state = [changedFrame(4), frame(5)].reduce<RoomState>(step, readUpToThree());
    expect(state.behind).toBe(false);
    expect(texts(state)).toEqual(['words 2', 'words 3', 'words 5']);
  });

  it('is stale after a reset until a new page comes', () => {
    const stale = step(readUpToThree(), { type: 'reset', room: ROOM, epoch: 'b' });
    expect(stale.stale).toBe(true);
    const page = { messages: [remembered(1)], before: null, seq: 1, held: [] };
    const fresh = step(stale, { type: 'newest_page', page });
    expect(fresh.stale).toBe(false);
    expect(fresh.seq).toBe(1);
  });

  it('puts older pages before, once', () => {
    const page = { messages: [remembered(1), remembered(2)], before: null, seq: 3, held: [] };
    const state = step(readUpToThree(), { type: 'older_page', page });
    expect(texts(state)).toEqual(['words 1', 'words 2', 'words 3']);
    expect(state.before).toBeNull();
  });
});

describe('a long room', () => {
  const long = (count: number) => {
    const messages = Array.from({ length: count }, (_, index) => remembered(index + 1));
    return after({ type: 'newest_page', page: { messages, before: null, seq: count, held: [] } });
  };

  it('lets go of what is far above a reader at the end, and knows where to ask for it again', () => {
    const state = step(long(401), { type: 'at_end' });
    expect(state.messages).toHaveLength(200);
    expect(state.messages.at(-1)?.seq).toBe(401);
    expect(state.before).toBe(state.messages[0]?.seq);
  });

  it('keeps an evening as it is', () => {
    const state = long(400);
    expect(step(state, { type: 'at_end' })).toBe(state);
  });
});

describe('changes', () => {
  const change = (more: Parameters<typeof changedFrame>[1]) =>
    step(readUpToThree(), changedFrame(4, { message: 'message-3', ...more })).messages.at(-1);

  it('shows an edit', () => {
    const edited_at = '2026-11-21T21:00:00Z';
    const message = change({ change: 'edited', text: 'gentler', edited_at });
    expect(message).toMatchObject({ text: 'gentler', edited_at });
  });

  it('forgets the words of what was withdrawn or hidden', () => {
    expect(change({ change: 'withdrawn' })).toMatchObject({ state: 'withdrawn', text: null });
    expect(change({ change: 'hidden' })).toMatchObject({ state: 'hidden', text: null });
  });

  it('collapses behind a content note, and shows again', () => {
    expect(change({ change: 'collapsed', content_note: 'Self-harm' })).toMatchObject({
      content_note: 'Self-harm',
      text: 'words 3',
    });
    const edited_at = '2026-11-21T21:00:00Z';
    expect(change({ change: 'shown', text: 'back', edited_at })).toMatchObject({
      state: 'published',
      text: 'back',
      edited_at,
    });
  });

  it('counts who joined and left, and says who is here', () => {
    const state = [
      changedFrame(4, { change: 'joined' }),
      changedFrame(5, { change: 'joined' }),
      changedFrame(6, { change: 'left' }),
      { type: 'presence', room: ROOM, here: 7, moderator_on: false } as const,
    ].reduce<RoomState>(step, readUpToThree());
    expect(state).toMatchObject({ members: 13, here: 7, moderatorOn: false, seq: 6 });
  });

  it('does not count again who joined before we did', () => {
    const state = [
      joinedFrame(5),
      changedFrame(4, { change: 'joined' }),
      changedFrame(5, { change: 'left' }),
      changedFrame(6, { change: 'joined' }),
    ].reduce<RoomState>(step, readUpToThree());
    expect(state.members).toBe(13);
  });
});

describe('reactions and answers', () => {
  it('shows my own tap at once and the room’s count when it comes', () => {
    const tapped = step(readUpToThree(), {
      type: 'i_reacted',
      message: 'message-3',
      reaction: 'hug',
    });
    expect(tapped.messages.at(-1)).toMatchObject({ my_reaction: 'hug', reactions: { hug: 1 } });
    const counted = step(tapped, {
      type: 'reaction',
      room: ROOM,
      seq: 4,
      message: 'message-3',
      reactions: { hug: 3 },
    });
    expect(counted.messages.at(-1)).toMatchObject({ my_reaction: 'hug', reactions: { hug: 3 } });
  });

  it('takes a reaction back', () => {
    const tap = (reaction: 'hug' | null) =>
      ({ type: 'i_reacted', message: 'message-3', reaction }) as const;
    const state = [tap('hug'), tap(null)].reduce<RoomState>(step, readUpToThree());
    expect(state.messages.at(-1)).toMatchObject({ my_reaction: null, reactions: { hug: 0 } });
  });

  it('remembers the private answer', () => {
    const state = step(readUpToThree(), {
      type: 'i_answered',
      message: 'message-2',
      answer: 'heard',
    });
    expect(state.messages[0]?.my_answer).toBe('heard');
  });
});

describe('one’s own held words', () => {
  const held = remembered(0, { id: 'held-1', state: 'held', text: 'waits' });

  it('stand apart until they are published at their own place', () => {
    const waiting = step(readUpToThree(), { type: 'i_was_held', message: held });
    expect(waiting.held).toHaveLength(1);
    const published = step(waiting, frame(4, { id: 'held-1', text: 'waits' }));
    expect(published.held).toHaveLength(0);
    expect(published.messages.at(-1)).toMatchObject({ id: 'held-1', state: 'published' });
  });

  it('go away when the moderator decided against them', () => {
    const waiting = step(readUpToThree(), { type: 'i_was_held', message: held });
    expect(step(waiting, { type: 'held_now', held: [] }).held).toHaveLength(0);
  });
});

describe('what is spoken', () => {
  it('is the new message, never the history and never what only catches up', () => {
    const room = readUpToThree();
    const live = step(room, frame(4));
    expect(isNews(room, live, 'message-4')).toBe(true);
    expect(isNews(live, step(live, frame(4)), 'message-4')).toBe(false);
    const rejoined = step(room, joinedFrame(9));
    expect(isNews(rejoined, step(rejoined, frame(4)), 'message-4')).toBe(false);
  });
});

describe('praise', () => {
  it('stays through what others do, and takes no place in the order', () => {
    const state = [praiseFrame(), frame(4)].reduce<RoomState>(step, readUpToThree());
    expect(state.praise).toEqual(praiseFrame());
    expect(state.seq).toBe(4);
  });

  it('is over when it is put away, and a second time changes nothing', () => {
    const over = step(step(readUpToThree(), praiseFrame()), { type: 'praise_over' });
    expect(over.praise).toBeNull();
    expect(step(over, { type: 'praise_over' })).toBe(over);
  });
});

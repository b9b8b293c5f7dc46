import { describe, expect, it } from 'vitest';
import type { ServerFrameOf } from '#lib/api/types.ts';
import { frame, ROOM } from './cast.ts';
import {
  add,
  arrived,
  differences,
  discard,
  due,
  insist,
  lineLost,
  receive,
  restored,
  retry,
  revise,
  sent,
  taken,
  toFrame,
  type Draft,
  type Outbox,
} from './outbox.ts';

const draft = (text: string, more: Partial<Draft> = {}): Draft => ({
  room: ROOM,
  edits: null,
  text,
  replyTo: null,
  ask: false,
  contentNote: null,
  ...more,
});

const nudge: ServerFrameOf<'nudge'> = {
  type: 'nudge',
  room: ROOM,
  client_id: 'a',
  reasons: ['harsh'],
  words: 'This may land hard.',
  spans: [{ start: 0, end: 4, signal: 'insult' }],
  suggestions: ['Say what you felt.'],
};

const refused = (more: Partial<ServerFrameOf<'refused'>> = {}): ServerFrameOf<'refused'> => ({
  type: 'refused',
  code: 'slow_down',
  detail: 'A little slower.',
  retryable: true,
  retry_after_s: 3,
  client_id: 'a',
  room: ROOM,
  message: null,
  ...more,
});

const posted: ServerFrameOf<'posted'> = {
  type: 'posted',
  room: ROOM,
  client_id: 'a',
  seq: 4,
  id: 'message-4',
  at: '2026-11-21T20:00:00Z',
};

const onTheWire = (): Outbox => sent(add([], draft('I hear you'), 'a', 0), 'a', 0);
const states = (outbox: Outbox) => outbox.map((entry) => entry.state);

describe('words on their way', () => {
  it('go in the order they were sent', () => {
    const outbox = add(add([], draft('one'), 'a', 0), draft('two'), 'b', 1);
    expect(due(outbox, 1).map((entry) => entry.text)).toEqual(['one', 'two']);
  });

  it('stay until the room shows them, and then are gone', () => {
    const acknowledged = receive(onTheWire(), posted, 1);
    expect(states(acknowledged)).toEqual(['posted']);
    expect(receive(acknowledged, frame(4, { client_id: 'a' }), 1)).toEqual([]);
  });

  it('do not care which comes first, the answer or the room', () => {
    const shown = receive(onTheWire(), frame(4, { client_id: 'a' }), 1);
    expect(shown).toEqual([]);
    expect(receive(shown, posted, 1)).toEqual([]);
  });

  it('are sent again with the same client_id when the line was lost', () => {
    const outbox = lineLost(onTheWire(), 5);
    expect(due(outbox, 5).map(toFrame)).toEqual([
      expect.objectContaining({ type: 'post', client_id: 'a', text: 'I hear you' }),
    ]);
  });

  it('are not sent twice when the line was lost after the answer', () => {
    expect(due(lineLost(receive(onTheWire(), posted, 1), 5), 5)).toEqual([]);
  });

  it('have arrived when the history shows them', () => {
    expect(arrived(lineLost(onTheWire(), 5), new Set(['a']))).toEqual([]);
  });
});

describe('refusals', () => {
  it('that may be retried wait as long as was asked, and nothing overtakes them', () => {
    const outbox = add(receive(onTheWire(), refused(), 1000), draft('two'), 'b', 1000);
    expect(states(outbox)).toEqual(['waiting', 'waiting']);
    expect(due(outbox, 3999)).toEqual([]);
    expect(due(outbox, 4000).map((entry) => entry.clientId)).toEqual(['a', 'b']);
  });

  it('without a time wait longer each time, and end as failed', () => {
    let outbox = onTheWire();
    for (let attempt = 0; attempt < 6; attempt += 1)
      outbox = sent(receive(outbox, refused({ retry_after_s: null }), 0), 'a', 0);
    expect(outbox[0]?.notBefore).toBe(60_000);
    expect(states(receive(outbox, refused(), 0))).toEqual(['failed']);
  });

  it('for good keep the words and say why; trying again keeps the client_id', () => {
    const failed = receive(onTheWire(), refused({ retryable: false, code: 'paused' }), 1);
    expect(failed[0]).toMatchObject({ state: 'failed', problem: { code: 'paused' } });
    expect(due(failed, 9_999_999)).toEqual([]);
    expect(due(retry(failed, 'a', 2), 2).map((entry) => entry.clientId)).toEqual(['a']);
  });

  it('of something else leave the words alone', () => {
    const outbox = onTheWire();
    expect(receive(outbox, refused({ client_id: null }), 1)).toBe(outbox);
  });
});

describe('a nudge', () => {
  const nudged = receive(onTheWire(), nudge, 1);

  it('waits for its author and sends nothing by itself, also after a reconnect', () => {
    expect(states(nudged)).toEqual(['nudged']);
    expect(due(lineLost(nudged, 2), 2)).toEqual([]);
  });

  it('then edit, then posted: one message under one client_id', () => {
    const revised = revise(nudged, 'a', draft('I see it differently'), 2);
    expect(due(revised, 2).map(toFrame)).toEqual([
      expect.objectContaining({ client_id: 'a', text: 'I see it differently', insist: false }),
    ]);
    const acknowledged = receive(sent(revised, 'a', 2), posted, 3);
    expect(receive(acknowledged, frame(4, { client_id: 'a' }), 3)).toEqual([]);
  });

  it('then "send as it is": the same words with insist', () => {
    expect(due(insist(nudged, 'a', 2), 2).map(toFrame)).toEqual([
      expect.objectContaining({ client_id: 'a', text: 'I hear you', insist: true }),
    ]);
  });

  it('then discard: nothing is left', () => {
    expect(discard(nudged, 'a')).toEqual([]);
  });
});

describe('a held message', () => {
  it('leaves the outbox: a moderator has it now', () => {
    const held: ServerFrameOf<'held'> = {
      type: 'held',
      room: ROOM,
      client_id: 'a',
      id: 'message-4',
      at: '2026-11-21T20:00:00Z',
      notice: 'notice-1',
      words: 'A moderator will look.',
    };
    expect(receive(onTheWire(), held, 1)).toEqual([]);
  });
});

describe('an edit', () => {
  it('is an edit frame, and over once it is durable', () => {
    const outbox = add([], draft('softer', { edits: 'message-2' }), 'a', 0);
    expect(outbox.map(toFrame)).toMatchObject([{ type: 'edit', message: 'message-2' }]);
    expect(receive(outbox, posted, 1)).toEqual([]);
  });
});

describe('words that waited long', () => {
  const LATER = 60_000;
  const two = (): Outbox => add(add([], draft('one'), 'a', 0), draft('two'), 'b', 1);

  it('go one by one, so that none overtakes one that is refused for now', () => {
    const first = due(two(), LATER);
    expect(first.map((entry) => entry.clientId)).toEqual(['a']);
    const onItsWay = sent(two(), 'a', LATER);
    expect(due(onItsWay, LATER)).toEqual([]);
    expect(due(receive(onItsWay, refused(), LATER), LATER)).toEqual([]);
    expect(due(receive(onItsWay, posted, LATER), LATER).map((entry) => entry.text)).toEqual([
      'two',
    ]);
  });

  it('keep nobody waiting in another room', () => {
    const outbox = add(two(), draft('three', { room: 'garden' }), 'c', LATER);
    expect(due(outbox, LATER).map((entry) => entry.clientId)).toEqual(['a', 'c']);
  });
});

describe('a reload', () => {
  it('brings back what was kept, in its order, before what was written since', () => {
    const kept = sent(add(add([], draft('one'), 'a', 5), draft('two'), 'b', 5), 'a', 6);
    const back = restored(add([], draft('three'), 'c', 9), [...kept].reverse(), 10);
    expect(back.map((entry) => entry.text)).toEqual(['one', 'two', 'three']);
    expect(states(back)).toEqual(['waiting', 'waiting', 'waiting']);
  });

  it('does not turn back what this page knows better', () => {
    const here = receive(onTheWire(), posted, 1);
    expect(states(restored(here, onTheWire(), 2))).toEqual(['posted']);
  });

  it('keeps the order also when the clock is turned back', () => {
    const outbox = add(add([], draft('one'), 'a', 500), draft('two'), 'b', 100);
    expect(taken([], [...outbox].reverse()).map((entry) => entry.text)).toEqual(['one', 'two']);
  });
});

describe('two tabs', () => {
  it('are told what changed and what is gone, and nothing else', () => {
    const before = add(add([], draft('one'), 'a', 0), draft('two'), 'b', 1);
    const after = discard(sent(before, 'b', 2), 'a');
    const { changed, gone } = differences(before, after);
    expect(changed.map((entry) => [entry.clientId, entry.state])).toEqual([['b', 'sending']]);
    expect(gone).toEqual(['a']);
    expect(differences(after, after)).toEqual({ changed: [], gone: [] });
  });
});

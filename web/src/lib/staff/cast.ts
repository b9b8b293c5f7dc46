/** The named cast of the staff's tests: one case in the room "Evenings", about Wren, looked at by Robin. */

import type { Case, CaseDecision, CaseLine, CaseMessage, Desk, Place, Room } from './types.ts';

export const OPENED = '2026-03-01T12:00:00Z';

export function aLine(over: Partial<CaseLine> = {}): CaseLine {
  return {
    id: 'case-1',
    room: 'room-1',
    room_name: 'Evenings',
    kind: 'risk',
    state: 'open',
    urgency: 'soon',
    handling: 'publish',
    about: 'self',
    opened_at: OPENED,
    due_at: '2026-03-01T13:00:00Z',
    version: 4,
    claimed_by: null,
    claimed_by_me: false,
    claimed_until: null,
    seen_by_a_person: false,
    flags: 1,
    why: ['They may be in danger'],
    language: 'en',
    again_of: null,
    aside: false,
    rung: null,
    ...over,
  };
}

export function aMessage(id: string, over: Partial<CaseMessage> = {}): CaseMessage {
  return {
    id,
    seq: 1,
    author: { id: 'wren', name: 'Wren', role: 'peer' },
    state: 'published',
    text: 'I cannot go on',
    at: OPENED,
    reply_to: null,
    content_note: null,
    subject: false,
    ...over,
  };
}

export function aDecision(over: Partial<CaseDecision> = {}): CaseDecision {
  return {
    id: 'd1',
    action: 'reach_out',
    by: 'Robin',
    reason: 'To ask',
    at: OPENED,
    until: null,
    policy: '1',
    undone: false,
    ...over,
  };
}

export function aCase(over: Partial<Case> = {}): Case {
  return {
    line: aLine(),
    subject: {
      id: 'wren',
      name: 'Wren',
      since: '2026-01-02T00:00:00Z',
      messages_here: 12,
      paused_until: null,
      open_cases: 1,
      past_sanctions: 0,
    },
    messages: [aMessage('m1', { subject: true }), aMessage('m2')],
    flags: [
      {
        source: 'lexicon',
        reasons: ['intent'],
        words: ['They may be in danger'],
        spans: [],
        note: null,
        at: OPENED,
      },
    ],
    decisions: [],
    allowed: ['dismiss', 'care_note', 'reach_out', 'escalate'],
    conversation: null,
    appeal_words: null,
    assessed: true,
    policy: '1',
    policy_reviewed: false,
    clause: 'kind',
    model: null,
    outside: [],
    desk: aDesk(),
    ...over,
  };
}

export function aDesk(over: Partial<Desk> = {}): Desk {
  return {
    undo: null,
    handlings: ['collapse'],
    urgencies: ['none', 'routine', 'now'],
    may_show_again: false,
    hand_overs: [],
    opinions: [],
    removal: null,
    wrong_rules: [],
    earlier: [],
    ...over,
  };
}

export function aPlace(over: Partial<Place> = {}): Place {
  return {
    name: 'Hearth',
    about: 'A place',
    sign_up: 'open',
    minimum_age: 16,
    country: null,
    help_lines_confirmed: false,
    policy: '1',
    policy_reviewed: false,
    coverage: [],
    demo: false,
    ...over,
  };
}

export function aRoom(over: Partial<Room> = {}): Room {
  return {
    id: 'room-1',
    first_reply_asks: 0,
    slug: 'evenings',
    name: 'Evenings',
    purpose: 'For when it gets dark',
    kind: 'room',
    language: 'en',
    state: 'open',
    age_group: 'everybody',
    members: 60,
    here: 4,
    moderator_on: true,
    seat: null,
    paused_until: null,
    seq: 400,
    unread: 0,
    read_seq: 0,
    ...over,
  };
}

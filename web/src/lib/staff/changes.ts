/** What happened to a case between the version that was read and the newest one. */

import type { Case, CaseDecision, CaseLine, CaseMessage, Urgency } from './types.ts';

export type Change =
  | { kind: 'decided'; decision: CaseDecision }
  | { kind: 'state'; from: CaseLine['state']; to: CaseLine['state'] }
  | { kind: 'urgency'; from: Urgency; to: Urgency }
  | { kind: 'claimed'; by: string | null }
  | { kind: 'flagged'; more: number }
  | { kind: 'messages'; more: number }
  | { kind: 'message'; id: string; to: CaseMessage['state'] | 'edited' };

/** In the order a moderator needs them: decisions first, then what the case is now, then the room. */
export function changesBetween(before: Case, after: Case): Change[] {
  return [
    ...decided(before, after),
    ...lineChanges(before, after),
    ...counted('flagged', before.flags.length, after.flags.length),
    ...messageChanges(before, after),
  ];
}

function decided(before: Case, after: Case): Change[] {
  const known = new Set(before.decisions.map((decision) => decision.id));
  const fresh = after.decisions.filter((decision) => !known.has(decision.id));
  return fresh.map((decision) => ({ kind: 'decided', decision }));
}

function lineChanges(before: Case, after: Case): Change[] {
  const found: Change[] = [];
  const [old, now] = [before.line, after.line];
  if (old.state !== now.state) found.push({ kind: 'state', from: old.state, to: now.state });
  if (old.urgency !== now.urgency)
    found.push({ kind: 'urgency', from: old.urgency, to: now.urgency });
  const moved = old.claimed_by !== now.claimed_by && !now.claimed_by_me;
  if (moved) found.push({ kind: 'claimed', by: now.claimed_by });
  return found;
}

function counted(kind: 'flagged' | 'messages', before: number, after: number): Change[] {
  return after > before ? [{ kind, more: after - before }] : [];
}

function messageChanges(before: Case, after: Case): Change[] {
  const old = new Map(before.messages.map((message) => [message.id, message]));
  const fresh = after.messages.filter((message) => !old.has(message.id)).length;
  const touched = after.messages.flatMap((message): Change[] => {
    const was = old.get(message.id);
    if (!was) return [];
    if (was.state !== message.state)
      return [{ kind: 'message', id: message.id, to: message.state }];
    return was.text === message.text ? [] : [{ kind: 'message', id: message.id, to: 'edited' }];
  });
  return [...counted('messages', 0, fresh), ...touched];
}

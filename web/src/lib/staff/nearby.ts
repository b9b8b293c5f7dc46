/** Which messages of a case are shown at first: few enough to bear, enough to understand. */

import type { CaseMessage } from './types.ts';

export type Nearby = {
  shown: CaseMessage[];
  /** How many more there are before and after what is shown. */
  before: number;
  after: number;
};

/** The subjects, `around` messages on either side of them, and what they answer. */
export function nearby(messages: readonly CaseMessage[], around: number): Nearby {
  const first = messages.findIndex((message) => message.subject);
  if (first === -1) return { shown: [...messages], before: 0, after: 0 };
  const last = messages.findLastIndex((message) => message.subject);
  const from = Math.min(Math.max(0, first - around), answered(messages, first));
  const to = Math.min(messages.length, last + 1 + around);
  return { shown: messages.slice(from, to), before: from, after: messages.length - to };
}

function answered(messages: readonly CaseMessage[], subject: number): number {
  const to = messages[subject]?.reply_to;
  const at = to ? messages.findIndex((message) => message.id === to) : -1;
  return at === -1 ? messages.length : at;
}

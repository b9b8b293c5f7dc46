/** One case on a moderator's desk: what was read, what changed since, and what they are writing. */
import { api, ApiError } from '#lib/api/client.ts';
import { serverNow } from '#lib/api/server-clock.ts';
import { changesBetween, type Change } from './changes.ts';
import type { Action, Case, CaseLine, NewDecision } from './types.ts';

/** clause: the promise a sanction rests on; null: the usual one. */
export type Draft = {
  reason: string;
  words: string;
  minutes: number;
  clause?: NewDecision['clause'];
};

const DAY_MINUTES = 1440;

/** What was typed outlives the page, but never this tab: it may quote somebody. */
const drafts = new Map<string, Draft>();

export class CaseDesk {
  shown = $state.raw<Case | null>(null);
  error = $state.raw<unknown>(null);
  /** What changed since the moderator last said that they had read the case. */
  changes = $state.raw<Change[]>([]);
  /** `refused`: a decision came too late; `live`: it changed while they were reading. */
  stale = $state<'refused' | 'live' | null>(null);
  /** Something was refused that is not about versions. */
  trouble = $state.raw<unknown>(null);
  busy = $state(false);
  /** What this moderator has just decided here. */
  done = $state<Action | null>(null);
  #read: Case | null = null;

  constructor(readonly id: string) {}

  get mine(): boolean {
    const line = this.shown?.line;
    return Boolean(line?.claimed_by_me && isRunning(line));
  }

  /** Somebody else's claim that still runs. */
  get theirs(): CaseLine | null {
    const line = this.shown?.line;
    return line?.claimed_by && !line.claimed_by_me && isRunning(line) ? line : null;
  }

  async open(): Promise<void> {
    try {
      this.#take(await this.#fetch());
      this.error = null;
    } catch (error) {
      this.error = error;
    }
  }

  /** The case changed somewhere. Show it, and hold decisions until the change was read. */
  async refresh(): Promise<void> {
    if (!this.#read || this.busy) return;
    try {
      this.#meet(await this.#fetch(), 'live');
    } catch (error) {
      if (error instanceof ApiError && !error.offline) this.error = error;
    }
  }

  /** The moderator has read what changed; from here on they decide about the case as it is now. */
  acknowledge(): void {
    if (this.shown) this.#take(this.shown);
  }

  async claim(): Promise<boolean> {
    return this.#try(async (read) => {
      const body = { version: read.line.version };
      const line = await api.put<CaseLine>(`/api/cases/${this.id}/claim`, body);
      this.#take({ ...read, line });
    });
  }

  async release(): Promise<boolean> {
    return this.#try(async (read) => {
      const line = await api.delete<CaseLine>(`/api/cases/${this.id}/claim`);
      this.#take({ ...read, line });
    });
  }

  /** Sends with the version that was read; a case that moved on is shown, never overwritten. */
  async decide(action: Action, draft: Draft): Promise<boolean> {
    if (this.stale) return false;
    if (!this.mine && !(await this.claim())) return false;
    return this.#try(async (read) => {
      const body = decisionOf(action, draft, read.line.version);
      this.#take(await api.post<Case>(`/api/cases/${this.id}/decisions`, body));
      this.done = action;
      forgetDraft(this.id, action);
    });
  }

  async #try(attempt: (read: Case) => Promise<void>): Promise<boolean> {
    if (!this.#read || this.busy) return false;
    this.busy = true;
    this.trouble = null;
    try {
      await attempt(this.#read);
      return true;
    } catch (error) {
      await this.#refused(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  async #refused(error: unknown): Promise<void> {
    const conflict = error instanceof ApiError && error.status === 409;
    if (!conflict || error.code !== 'stale') this.trouble = error;
    if (!conflict) return;
    try {
      this.#meet(await this.#fetch(), 'refused');
    } catch (failure) {
      this.trouble = failure;
    }
  }

  #fetch(): Promise<Case> {
    return api.get<Case>(`/api/cases/${this.id}`);
  }

  #take(found: Case): void {
    this.#read = found;
    this.shown = found;
    this.changes = [];
    this.stale = null;
  }

  #meet(found: Case, how: 'refused' | 'live'): void {
    const read = this.#read ?? found;
    const changes = changesBetween(read, found);
    const moved = found.line.version !== read.line.version;
    if (!moved || (changes.length === 0 && how === 'live')) {
      this.#take(found);
      return;
    }
    this.shown = found;
    this.changes = changes;
    this.stale = this.stale === 'refused' ? 'refused' : how;
  }
}

function isRunning(line: CaseLine): boolean {
  return line.claimed_until === null || Date.parse(line.claimed_until) > serverNow();
}

function decisionOf(action: Action, draft: Draft, version: number): NewDecision {
  return {
    action,
    version,
    reason: (needsReason(action) ? draft.reason : draft.words).trim(),
    words: needsWords(action) ? draft.words.trim() : null,
    minutes: needsMinutes(action) ? draft.minutes : null,
    clause: restsOnPromise(action) ? (draft.clause ?? null) : null,
  };
}

/** Reaching out begins with a first message; a care note is one. */
export function needsWords(action: Action): action is 'reach_out' | 'care_note' {
  return action === 'reach_out' || action === 'care_note';
}

/** A care note is its own reason: nobody should have to write it twice. */
export function needsReason(action: Action): boolean {
  return action !== 'care_note';
}

/** A pause has a length; so has what may take the place of a pause or a removal. */
export function needsMinutes(action: Action): boolean {
  return action === 'pause' || action === 'change';
}

/** What restricts somebody rests on a promise of the place, and says which. */
export function restsOnPromise(action: Action): boolean {
  return ['hide', 'warn', 'pause', 'remove_member'].includes(action);
}

/** Who will read the reason. */
export function readerOf(action: Action): 'author' | 'record' | 'clinicians' {
  if (action === 'escalate') return 'clinicians';
  return action === 'dismiss' ? 'record' : 'author';
}

export function draftOf(id: string, action: Action): Draft {
  return drafts.get(`${id} ${action}`) ?? { reason: '', words: '', minutes: DAY_MINUTES };
}

export function keepDraft(id: string, action: Action, draft: Draft): void {
  drafts.set(`${id} ${action}`, draft);
}

function forgetDraft(id: string, action: Action): void {
  drafts.delete(`${id} ${action}`);
}

/** One case on a moderator's desk: what was read, what changed since, and what they are writing. */
import { api, ApiError } from '#lib/api/client.ts';
import { serverNow } from '#lib/api/server-clock.ts';
import { changesBetween, type Change } from './changes.ts';
import type {
  Action,
  Case,
  CaseLine,
  ContentNote,
  Handling,
  NewDecision,
  Urgency,
} from './types.ts';
import { undo } from './undo.svelte.ts';

/** clause: the promise a sanction rests on; null: the usual one. */
export type Draft = {
  reason: string;
  words: string;
  minutes: number;
  clause?: NewDecision['clause'];
  /** Messages that the clinicians are shown; not there: the one it is about. */
  shared?: string[];
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
  /** What this moderator has just decided here; its author is told when it can no longer be undone. */
  done = $state<Action | null>(null);
  #read: Case | null = null;
  #claiming: Promise<boolean> | null = null;
  /** It changed while something was sent. */
  #missed = false;

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
    this.#missed = this.busy;
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

  /** Whoever claims meanwhile waits for the same answer. */
  claim(): Promise<boolean> {
    this.#claiming ??= this.#try(async (read) => {
      const body = { version: read.line.version };
      const line = await api.put<CaseLine>(`/api/cases/${this.id}/claim`, body);
      this.#take({ ...read, line });
    }).finally(() => {
      this.#claiming = null;
    });
    return this.#claiming;
  }

  async release(): Promise<boolean> {
    return this.#try(async (read) => {
      const line = await api.delete<CaseLine>(`/api/cases/${this.id}/claim`);
      this.#take({ ...read, line });
    });
  }

  /** Sends with the version that was read; a case that moved on is shown, never overwritten. */
  async decide(action: Action, draft: Draft): Promise<boolean> {
    await this.#claiming;
    if (this.stale) return false;
    if (!this.mine && !(await this.claim())) return false;
    return this.#try(async (read) => {
      const body = decisionOf(action, draft, read.line.version);
      this.#take(await api.post<Case>(`/api/cases/${this.id}/decisions`, body));
      this.done = action;
      forgetDraft(this.id, action);
    });
  }

  /** How soon somebody must look; for the author. */
  async setUrgency(urgency: Urgency, reason: string): Promise<boolean> {
    return this.#send('PUT', 'urgency', { urgency, reason, undoable: true });
  }

  /** What its readers see. */
  async setHandling(
    handling: Handling,
    reason: string,
    content_note: ContentNote = 'choose_when',
  ): Promise<boolean> {
    const note = handling === 'collapse' ? { content_note } : {};
    return this.#send('PUT', 'handling', { handling, reason, undoable: true, ...note });
  }

  async showAgain(reason: string): Promise<boolean> {
    return this.#send('POST', 'show-again', { reason });
  }

  /** `to` null: back to the queue. */
  async handOver(to: string | null, note: string): Promise<boolean> {
    return this.#send('POST', 'hand-over', { to, note });
  }

  async askOpinion(of: string, question: string): Promise<boolean> {
    return this.#try(async () => {
      this.#take(await api.post<Case>(`/api/cases/${this.id}/opinions`, { of, question }));
    });
  }

  async answerOpinion(opinion: string, words: string): Promise<boolean> {
    return this.#try(async () => {
      const path = `/api/cases/${this.id}/opinions/${opinion}/answer`;
      this.#take(await api.post<Case>(path, { words }));
    });
  }

  async callRuleWrong(): Promise<boolean> {
    return this.#try(async () => {
      await api.post(`/api/cases/${this.id}/rule-wrong`);
      this.#take(await this.#fetch());
    });
  }

  async answerRemoval(removal: string, confirm: boolean, reason: string): Promise<boolean> {
    return this.#try(async () => {
      await api.post(`/api/removals/${removal}`, { confirm, reason });
      this.#take(await this.#fetch());
    });
  }

  /** The case as it is after this moderator took a decision back. */
  takenBack(found: Case): void {
    this.#take(found);
    this.done = null;
  }

  /** With the version that was read; a case that moved on is shown first. */
  async #send(method: 'PUT' | 'POST', what: string, body: object): Promise<boolean> {
    if (this.stale) return false;
    return this.#try(async (read) => {
      const send = method === 'PUT' ? api.put : api.post;
      const path = `/api/cases/${this.id}/${what}`;
      this.#take(await send<Case>(path, { version: read.line.version, ...body }));
    });
  }

  /** Once more where the case moved on by nothing that anybody sees: that takes nobody's decision away. */
  async #try(attempt: (read: Case) => Promise<void>, again = true): Promise<boolean> {
    if (!this.#read || this.busy) return false;
    this.busy = true;
    this.trouble = null;
    try {
      await attempt(this.#read);
      return true;
    } catch (error) {
      await this.#refused(error);
      if (!again || this.stale !== 'refused' || this.changes.length > 0) return false;
      this.acknowledge();
    } finally {
      this.busy = false;
      if (this.#missed) void this.refresh();
    }
    return this.#try(attempt, false);
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
    undo.heard(found);
    this.changes = [];
    this.stale = null;
  }

  #meet(found: Case, how: 'refused' | 'live'): void {
    const read = this.#read ?? found;
    if (found.line.version < read.line.version) return; // asked for before something was sent, and come after it
    const changes = changesBetween(read, found);
    const moved = found.line.version !== read.line.version;
    const unseen = changes.length === 0 && how === 'live' && this.stale !== 'refused';
    if (!moved || unseen) {
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
    undoable: true,
    ...(action === 'escalate' && draft.shared ? { shared: draft.shared } : {}),
  };
}

/** Reaching out begins with a first message; a care note is one, and help lines come with one. */
export function needsWords(
  action: Action,
): action is 'reach_out' | 'care_note' | 'share_resources' {
  return action === 'reach_out' || !needsReason(action);
}

/** A care note is its own reason: nobody should have to write it twice. */
export function needsReason(action: Action): boolean {
  return action !== 'care_note' && action !== 'share_resources';
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
export function readerOf(action: Action): 'author' | 'record' | 'clinicians' | 'asked' {
  if (action === 'escalate') return 'clinicians';
  if (action === 'remove_from_place') return 'asked';
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

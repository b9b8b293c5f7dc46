/** One escalation on a screen: what was handed up, and what is said about it. */
import { api } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';
import { newId } from '#lib/live/ids.ts';
import { line } from '#lib/live/connection.svelte.ts';
import { settled } from '#lib/staff/settled.ts';
import { BLIND_LOOK_MS } from '#lib/staff/watch.svelte.ts';

export type Escalation = Body<'Escalation'>;
export type EscalationLine = Body<'EscalationLine'>;
export type Outcome = Body<'NewOutcome'>['outcome'];

export const OUTCOMES: readonly Outcome[] = [
  'reached_them',
  'keep_an_eye',
  'nothing_further',
  'please_look',
  'not_reached',
];

/** What was typed outlives the page, but never this tab; an id goes with it, so that it is said once. */
const drafts = new Map<string, { text: string; clientId: string }>();

export class EscalationDesk {
  shown = $state.raw<Escalation | null>(null);
  error = $state.raw<unknown>(null);
  trouble = $state.raw<unknown>(null);
  busy = $state(false);
  words = $state('');

  constructor(readonly id: string) {
    this.words = drafts.get(id)?.text ?? '';
  }

  async look(): Promise<void> {
    try {
      this.shown = await api.get<Escalation>(`/api/cases/${this.id}/escalation`);
      this.error = null;
    } catch (error) {
      this.error = error;
    }
  }

  keep(text: string): void {
    this.words = text;
    const before = drafts.get(this.id);
    drafts.set(this.id, { text, clientId: before?.text === text ? before.clientId : newId() });
  }

  /** Sent again after a broken line, the same words are said once. */
  async say(): Promise<boolean> {
    const text = this.words.trim();
    if (!text) return false;
    const sent = drafts.get(this.id)?.clientId ?? newId();
    return this.#try(async () => {
      const path = `/api/cases/${this.id}/escalation/words`;
      this.shown = await api.post<Escalation>(path, { client_id: sent, text });
      this.words = '';
      drafts.delete(this.id);
    });
  }

  async answer(outcome: Outcome, note: string): Promise<boolean> {
    return this.#try(async () => {
      const version = this.shown?.version ?? 0;
      const path = `/api/cases/${this.id}/escalation/outcome`;
      this.shown = await api.post<Escalation>(path, { version, outcome, note: note || null });
    });
  }

  /** Look again whenever somebody did something with this case. */
  follow(): () => void {
    const soon = settled(() => void this.look(), 150);
    const stops = [
      line.on('queue', (frame) => {
        if (frame.case === this.id) soon();
      }),
      line.onOpen(soon),
    ];
    const timer = setInterval(() => {
      if (line.state !== 'open') soon();
    }, BLIND_LOOK_MS);
    return () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    };
  }

  async #try(act: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.trouble = null;
    try {
      await act();
      return true;
    } catch (error) {
      this.trouble = error;
      await this.look();
      return false;
    } finally {
      this.busy = false;
    }
  }
}

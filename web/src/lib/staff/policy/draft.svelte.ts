/** A policy on its way: written, checked, replayed, and only then taken. Every word written asks for all of it anew. */
import { api } from '#lib/api/client.ts';
import type { PolicyChecked, PolicyReplay, PolicyReport } from '../types.ts';

const PATH = '/api/steward/policy';
const ASK_AGAIN_MS = 700;

export class Draft {
  checked = $state.raw<PolicyChecked | null>(null);
  replay = $state.raw<PolicyReplay | null>(null);
  days = $state(30);
  accepts = $state(false);
  error = $state.raw<unknown>(null);
  busy = $state(false);
  #text = $state('');

  get text(): string {
    return this.#text;
  }

  /** Other words: what was found out about the ones before is void. */
  set text(text: string) {
    this.#text = text;
    this.checked = null;
    this.replay = null;
    this.accepts = false;
    this.error = null;
  }

  get report(): PolicyReport | null {
    return this.replay?.report ?? null;
  }

  get isRunning(): boolean {
    return this.replay?.state === 'running';
  }

  async check(): Promise<boolean> {
    const text = this.#text;
    const checked = await this.#ask(() => api.post<PolicyChecked>(`${PATH}/check`, { text }));
    if (checked && text === this.#text) this.checked = checked;
    return this.checked?.ok ?? false;
  }

  /** Ends when the replay has, or when other words were written meanwhile. */
  async run(): Promise<void> {
    const text = this.#text;
    if (!(await this.check())) return;
    const asked = { text, days: this.days };
    let replay = await this.#ask(() => api.post<PolicyReplay>(`${PATH}/replays`, asked));
    while (replay && text === this.#text) {
      this.replay = replay;
      if (replay.state !== 'running') return;
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      const { id } = replay;
      replay = await this.#ask(() => api.get<PolicyReplay>(`${PATH}/replays/${id}`));
    }
    if (text === this.#text) this.replay = null;
  }

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer | null> {
    this.busy = true;
    try {
      const answer = await question();
      this.error = null;
      return answer;
    } catch (failure) {
      this.error = failure;
      return null;
    } finally {
      this.busy = false;
    }
  }
}

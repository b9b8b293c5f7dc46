/** Who is here, in which place. Loaded once by the root layout, kept fresh by what comes over the line. */
import { api, ApiError } from '#lib/api/client.ts';
import type { Me, Place } from '#lib/api/types.ts';

class Session {
  /** null: a stranger, or not known yet (see `state`). */
  me = $state<Me | null>(null);
  place = $state<Place | null>(null);
  state = $state<'loading' | 'ready' | 'unreachable'>('loading');
  /** Signed up, and waiting for a steward. */
  pending = $state(false);
  /** The session ended without the reader's asking: said once, on the log-in page. */
  ended = $state(false);

  async load(): Promise<void> {
    this.state = 'loading';
    try {
      [this.place, this.me] = await Promise.all([api.get<Place>('/api/place'), this.#findMe()]);
      this.state = 'ready';
    } catch {
      this.state = 'unreachable';
    }
  }

  /** Ask again who I am: after a shift was started, a notice read, a setting changed elsewhere. */
  async refreshMe(): Promise<void> {
    this.me = await this.#findMe();
  }

  entered(me: Me): void {
    this.pending = me.state === 'pending';
    this.me = this.pending ? null : me;
    this.ended = false;
  }

  left(): void {
    this.me = null;
    this.pending = false;
  }

  async #findMe(): Promise<Me | null> {
    this.pending = false;
    try {
      return await api.get<Me>('/api/me');
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403))
        throw error;
      this.pending = error.code === 'pending';
      return null;
    }
  }

  get isModerator(): boolean {
    return this.me?.state === 'active' && this.me.role === 'moderator';
  }

  get isClinician(): boolean {
    return this.me?.state === 'active' && this.me.role === 'clinician';
  }

  get isSteward(): boolean {
    return this.me?.state === 'active' && this.me.role === 'steward';
  }
}

export const session = new Session();

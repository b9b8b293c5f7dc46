/** Who is here, in which place. Loaded once by the root layout, kept fresh by what comes over the line. */
import { api, ApiError } from '#lib/api/client.ts';
import type { Me, Place } from '#lib/api/types.ts';
import { keeping } from '#lib/live/keeping.ts';

class Session {
  /** null: a stranger, or not known yet (see `state`). */
  me = $state<Me | null>(null);
  place = $state<Place | null>(null);
  state = $state<'loading' | 'ready' | 'unreachable'>('loading');
  /** Signed up, and waiting for a steward. */
  pending = $state(false);
  /** Logged in, and no member any more: reads why, and may ask another person to look. */
  removed = $state(false);
  /** Staff without a second step, whose days for it are over: only setting it up is open. */
  mustSetUp = $state(false);
  /** The session ended without the reader's asking: said once, on the log-in page. */
  ended = $state(false);

  /** The server cannot be reached, and this browser keeps unsent words of this member: their id. */
  awayAs = $state<string | null>(null);

  /** Whether the server was asked who this is. */
  asked = $state(false);

  /** `guess`: on pages open to all, do not ask about someone who has not been here before. */
  async load({ guess = false } = {}): Promise<void> {
    this.state = 'loading';
    try {
      const me = guess && !wasHere() ? null : this.#findMe();
      [this.place, this.me] = await Promise.all([api.get<Place>('/api/place'), me]);
      this.awayAs = null;
      this.state = 'ready';
    } catch {
      this.awayAs = await keeping.owner();
      this.state = 'unreachable';
    }
  }

  /** Ask again who I am: after a shift was started, a notice read, a setting changed elsewhere. */
  async refreshMe(): Promise<void> {
    this.me = await this.#findMe();
  }

  entered(me: Me): void {
    this.mustSetUp = false;
    this.pending = me.state === 'pending';
    this.removed = me.state === 'removed';
    this.me = me.state === 'active' ? me : null;
    this.asked = true;
    this.ended = false;
    rememberHere(true);
  }

  left(): void {
    this.me = null;
    this.mustSetUp = false;
    this.pending = false;
    this.removed = false;
    rememberHere(false);
  }

  async #findMe(): Promise<Me | null> {
    this.pending = false;
    this.removed = false;
    this.mustSetUp = false;
    try {
      return await api.get<Me | null>('/api/me');
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403))
        throw error;
      this.asked = true;
      this.pending = error.code === 'pending';
      this.removed = error.code === 'removed';
      this.mustSetUp = error.code === 'second_step_needed';
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

const HERE = 'hearth.here';

/** That somebody was logged in here, not who. Where nothing can be kept, everyone may have been. */
function wasHere(): boolean {
  try {
    return localStorage.getItem(HERE) !== null;
  } catch {
    return true;
  }
}

function rememberHere(here: boolean): void {
  try {
    if (here) localStorage.setItem(HERE, '1');
    else localStorage.removeItem(HERE);
  } catch {
    // Then we ask each time.
  }
}

export const session = new Session();

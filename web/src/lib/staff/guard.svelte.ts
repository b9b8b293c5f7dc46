/** One's own wellbeing guard: counts of this shift that nobody else is told. */
import { api } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';
import { clock } from './clock.svelte.ts';

export type Guard = Body<'Guard'>;
export type Spared = NonNullable<Body<'NextCase'>['spared']>;

const PATH = '/api/me/guard';

class OwnGuard {
  state = $state.raw<Guard | null>(null);
  /** Why the newest case that was handed out was not the most pressing one. */
  spared = $state<Spared | null>(null);

  /** Seconds left of a short pause, or null. */
  get pause_s(): number | null {
    const until = this.state?.paused_until;
    if (!until) return null;
    const left = (Date.parse(until) - clock.now_ms) / 1000;
    return left > 0 ? left : null;
  }

  get offers(): boolean {
    return Boolean(this.state?.offer) && this.pause_s === null;
  }

  /** Whether alerts of this room are left to somebody else for the length of a pause. In doubt: no. */
  async restsFrom(room: string): Promise<boolean> {
    if (this.pause_s === null) return false;
    try {
      await this.load();
    } catch {
      return false;
    }
    return this.pause_s !== null && (this.state?.covered ?? []).includes(room);
  }

  async load(): Promise<void> {
    this.state = await api.get<Guard>(PATH);
  }

  async change(patch: { on?: boolean; budget?: number }): Promise<void> {
    this.state = await api.patch<Guard>(PATH, patch);
  }

  async pause(minutes: number): Promise<void> {
    this.state = await api.put<Guard>(`${PATH}/pause`, { minutes });
  }

  /** Back from a pause, or none is wanted. */
  async back(): Promise<void> {
    this.state = await api.delete<Guard>(`${PATH}/pause`);
  }
}

export const guard = new OwnGuard();

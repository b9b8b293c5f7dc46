/** What was just decided and can be taken back: on every page, for as long as the server says. */
import { api } from '#lib/api/client.ts';
import { clock } from './clock.svelte.ts';
import type { Act, Case } from './types.ts';

export type Pending = { id: string; name: string; action: Act; until_ms: number };

class Undo {
  #pending = $state.raw<Pending[]>([]);
  /** A case that was taken back here, so that its own page need not ask for it again. */
  undone = $state.raw<Case | null>(null);
  busy = $state(false);

  /** The newest that can still be taken back. */
  get newest(): Pending | null {
    return this.#pending.findLast((each) => each.until_ms > clock.now_ms) ?? null;
  }

  /** Whole seconds that are left, from 30 down to 1. */
  get left_s(): number {
    return this.newest ? Math.ceil((this.newest.until_ms - clock.now_ms) / 1000) : 0;
  }

  /** What the server says of a case, whenever it is read. */
  heard({ line, subject, desk }: Case): void {
    const known = this.#pending.find((each) => each.id === line.id);
    if (!known && !desk.undo) return;
    const others = this.#pending.filter((each) => each.id !== line.id);
    const { undo } = desk;
    const found = undo && {
      id: line.id,
      name: subject.name,
      action: undo.action,
      until_ms: Date.parse(undo.until),
    };
    this.#pending = found ? [...others, found] : others;
  }

  /** Raises ApiError when it is too late. */
  async take(): Promise<string | null> {
    const wanted = this.newest;
    if (!wanted || this.busy) return null;
    this.busy = true;
    try {
      this.undone = await api.post<Case>(`/api/cases/${wanted.id}/undo`);
      this.heard(this.undone);
      return wanted.id;
    } catch (error) {
      this.#pending = this.#pending.filter((each) => each.id !== wanted.id);
      throw error;
    } finally {
      this.busy = false;
    }
  }
}

export const undo = new Undo();

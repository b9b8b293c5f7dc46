/** The queue as one person looks at it: filters, pages, and always the server's order. */
import { tick } from 'svelte';
import { api, withQuery } from '#lib/api/client.ts';
import { NO_FILTER, type Filter } from './filters.ts';
import { survivor } from './selection.ts';
import type { CaseLine, Queue } from './types.ts';

export class QueueDesk {
  queue = $state.raw<Queue | null>(null);
  error = $state.raw<unknown>(null);
  #pages = 1;
  #asked = 0;
  #filter: Filter = NO_FILTER;

  get ids(): string[] {
    return this.queue?.cases.map((line) => line.id) ?? [];
  }

  get filtered(): boolean {
    return Object.values(this.#filter).some(Boolean);
  }

  async show(filter: Filter): Promise<void> {
    this.#filter = filter;
    this.#pages = 1;
    await this.refresh();
  }

  async more(): Promise<void> {
    this.#pages += 1;
    await this.refresh();
  }

  /** Fetch anew what is shown. The keyboard stays on its line, or goes to the nearest that is left. */
  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const fresh = await this.#fetch();
      if (asked === this.#asked) await this.#put(fresh);
      if (asked === this.#asked) this.error = null;
    } catch (error) {
      if (asked === this.#asked) this.error = error;
    }
  }

  async #fetch(): Promise<Queue> {
    let queue = await this.#page(null);
    for (let page = 1; page < this.#pages && queue.after; page++) {
      const next = await this.#page(queue.after);
      queue = { ...next, cases: distinct([...queue.cases, ...next.cases]) };
    }
    return queue;
  }

  #page(after: string | null): Promise<Queue> {
    return api.get<Queue>(withQuery('/api/queue', { ...this.#filter, after }));
  }

  async #put(fresh: Queue): Promise<void> {
    const held = focusedCase();
    const before = this.ids;
    this.queue = fresh;
    await tick();
    if (held && !this.ids.includes(held)) focusCase(survivor(before, this.ids, held));
  }
}

/** A case that moved between two pages while both were fetched is shown once. */
function distinct(lines: CaseLine[]): CaseLine[] {
  return [...new Map(lines.map((line) => [line.id, line])).values()];
}

export function focusedCase(): string | null {
  return document.activeElement?.closest<HTMLElement>('[data-case]')?.dataset['case'] ?? null;
}

export function focusCase(id: string | null): void {
  if (id) document.querySelector<HTMLElement>(`[data-case="${CSS.escape(id)}"] a`)?.focus();
}

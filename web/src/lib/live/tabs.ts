/**
 * The tabs of one member in one browser: one of them sends (Web Locks), all show the same (BroadcastChannel).
 *
 * Two that send at once would still say each thing once: the server knows a `client_id` again.
 */
import type { Entry } from './outbox.ts';

export type Told = { changed: Entry[]; gone: string[] } | 'over';

export class Tabs {
  /** Whether this tab sends. Where tabs cannot agree, each sends its own. */
  leads = false;

  #channel: BroadcastChannel | null = null;
  #letGo: () => void = () => undefined;
  #name = '';

  static get possible(): boolean {
    return typeof BroadcastChannel !== 'undefined' && 'locks' in navigator;
  }

  /** onTold: another tab changed something. onLead: from now on this tab sends. */
  join(member: string, onTold: (told: Told) => void, onLead: () => void): void {
    this.#name = `hearth-outbox.${member}`;
    if (!Tabs.possible) {
      this.leads = true;
      onLead();
      return;
    }
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }: MessageEvent<Told>) => {
      onTold(data);
    };
    this.#ask(onLead, {});
  }

  /** Take over from a tab that does not answer: phones freeze those that nobody sees. */
  takeOver(onLead: () => void): void {
    if (!this.leads && this.#channel) this.#ask(onLead, { steal: true });
  }

  tell(told: Told): void {
    this.#channel?.postMessage(told);
  }

  part(): void {
    this.#channel?.close();
    this.#channel = null;
    this.leads = false;
    this.#letGo();
  }

  #ask(onLead: () => void, how: LockOptions): void {
    const channel = this.#channel;
    navigator.locks
      .request(this.#name, how, () => {
        if (!channel || channel !== this.#channel) return;
        this.leads = true;
        onLead();
        return new Promise<void>((resolve) => (this.#letGo = resolve));
      })
      .catch(() => {
        // It was taken over. Stand in line again, for when that tab is closed.
        this.leads = false;
        if (channel && channel === this.#channel) this.#ask(onLead, {});
      });
  }
}

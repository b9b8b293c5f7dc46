/** What is to be deleted waits some seconds for second thoughts. Whoever leaves has it deleted at once. */

const WAIT_S = 8;

export class TakeBack {
  /** What waits, by its own name; null: nothing does. */
  waiting = $state<string | null>(null);
  #act: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Act after some seconds. What waited before is done now. */
  begin(name: string, act: () => void): void {
    this.finish();
    this.waiting = name;
    this.#act = act;
    this.#timer = setTimeout(() => this.finish(), WAIT_S * 1000);
  }

  /** It is not done after all. */
  keep(): void {
    clearTimeout(this.#timer);
    this.waiting = this.#act = null;
  }

  /** Now: its time is over, or the page is left. */
  finish(): void {
    const act = this.#act;
    this.keep();
    act?.();
  }

  /** For an effect: a page that is left, hidden or closed keeps nothing waiting. */
  watch(): () => void {
    const now = () => this.finish();
    const hidden = () => document.hidden && now();
    window.addEventListener('pagehide', now);
    document.addEventListener('visibilitychange', hidden);
    return () => {
      window.removeEventListener('pagehide', now);
      document.removeEventListener('visibilitychange', hidden);
      now();
    };
  }
}

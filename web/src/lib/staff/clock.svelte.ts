/** One clock for all that counts down; it ticks only while something on the screen reads it. */
import { createSubscriber } from 'svelte/reactivity';
import { serverNow } from '#lib/api/server-clock.ts';

const TICK_MS = 1000;

class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  });

  /** Milliseconds of the epoch, by the server's clock; reading it in a component makes that component tick. */
  get now_ms(): number {
    this.#subscribe();
    return serverNow();
  }
}

export const clock = new Clock();

/** One clock for all that counts down; it ticks only while something on the screen reads it. */
import { createSubscriber } from 'svelte/reactivity';

const TICK_MS = 1000;

class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  });

  /** Milliseconds of the epoch; reading it in a component makes that component tick. */
  get now_ms(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const clock = new Clock();

/** Something sensitive was asked for: one question on any page, and then it goes on by itself. */

class Proof {
  open = $state(false);
  #answer: ((proved: boolean) => void) | null = null;

  /** Whether it was proved who sits here. One question at a time. */
  ask = async (): Promise<boolean> => {
    this.#answer?.(false);
    this.open = true;
    return new Promise((resolve) => (this.#answer = resolve));
  };

  answer(proved: boolean): void {
    this.open = false;
    this.#answer?.(proved);
    this.#answer = null;
  }
}

export const proof = new Proof();

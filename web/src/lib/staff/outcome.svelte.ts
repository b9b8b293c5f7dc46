/** One thing at a time is done on a page, and what came of it is said in words. */
import { troubleWords } from './words.ts';

export class Outcome {
  words = $state('');
  well = $state(true);
  busy = $state(false);

  /** Does it, and says `done` of its answer, or why not. Answers whether it worked. */
  async of<Answer>(
    deed: () => Promise<Answer>,
    done: (answer: Answer) => string,
  ): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.words = '';
    try {
      this.words = done(await deed());
      this.well = true;
    } catch (error) {
      this.words = troubleWords(error);
      this.well = false;
    }
    this.busy = false;
    return this.well;
  }
}

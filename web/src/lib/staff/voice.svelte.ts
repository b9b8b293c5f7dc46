/** What a screen reader is told; the regions stand in StaffWatch before any word is put in them. */

class Voice {
  polite = $state('');
  urgent = $state('');

  say(words: string): void {
    this.polite = again(this.polite, words);
  }

  /** Interrupts: only when a person may be in danger now. */
  call(words: string): void {
    this.urgent = again(this.urgent, words);
  }
}

/** The same words twice would be silent, so the second time carries a space that nobody hears. */
function again(before: string, words: string): string {
  return before === words ? `${words}\u00a0` : words;
}

export const voice = new Voice();

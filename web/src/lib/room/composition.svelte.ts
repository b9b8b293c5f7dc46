/** What is being written in one room: new words, a change of old ones, or nudged words once more. */
import { chat, type RoomView } from '#lib/live/chat.svelte.ts';
import { keepDraft, readDraft } from '#lib/live/drafts.ts';
import type { Entry } from '#lib/live/outbox.ts';
import type { Message } from '#lib/live/room.ts';
import { codePoints, TEXT_LIMIT } from '#lib/live/text.ts';

/** From here on the composer counts aloud. */
const COUNT_FROM_LEFT = 400;

export class Composition {
  text = $state('');
  replyTo = $state.raw<Message | null>(null);
  /** One's own message that is being changed. */
  editing = $state.raw<Message | null>(null);
  /** Words that were nudged or refused, being changed before they go out again. */
  revising = $state.raw<Entry | null>(null);
  ask = $state(false);
  noteOpen = $state(false);
  note = $state('');

  /** What went out last without a note of its own: where it comes back folded, the composer offers to leave words out. */
  sent = $state<string | null>(null);

  /** What was being written when a change of something else began. */
  #aside = '';

  /** `answers`: the post of a thread, which new words answer unless they answer one of its replies. */
  constructor(
    readonly view: RoomView,
    readonly answers: string | null = null,
  ) {
    this.text = readDraft(this.#place);
  }

  get #place(): string {
    return this.answers ? `${this.view.id}.${this.answers}` : this.view.id;
  }

  get left(): number {
    return TEXT_LIMIT - codePoints(this.text);
  }

  get nearLimit(): boolean {
    return this.left < COUNT_FROM_LEFT;
  }

  get canSend(): boolean {
    return this.text.trim() !== '' && this.left >= 0;
  }

  /** What an earlier tab was writing here has come, later than this page. */
  takeUp(): void {
    if (!this.text && !this.editing && !this.revising) this.text = readDraft(this.#place);
  }

  typed(): void {
    if (!this.editing && !this.revising) keepDraft(this.#place, this.text);
    if (this.text) chat.typingIn(this.view.id);
  }

  reply(message: Message): void {
    if (this.editing) this.stop();
    this.replyTo = message;
  }

  /** `text`: other words to begin with than those that stand there. */
  edit(message: Message, text = message.text ?? ''): void {
    this.#begin(text);
    this.editing = message;
  }

  revise(entry: Entry): void {
    this.#begin(entry.text);
    this.revising = entry;
    this.ask = entry.ask;
    this.note = entry.contentNote ?? '';
    this.noteOpen = !!entry.contentNote;
    this.replyTo = this.view.find(entry.replyTo);
  }

  /** Put away what was begun, and take up again what lay aside. */
  stop(): void {
    this.editing = null;
    this.revising = null;
    this.#clear(this.#aside);
    this.#aside = '';
  }

  send(): void {
    if (!this.canSend) return;
    const draft = {
      room: this.view.id,
      edits: this.editing?.id ?? this.revising?.edits ?? null,
      text: this.text.trim(),
      replyTo: this.replyTo?.id ?? this.revising?.replyTo ?? this.answers,
      ask: this.ask,
      contentNote: (this.noteOpen && this.note.trim()) || null,
    };
    let { clientId } = this.revising ?? {};
    if (clientId) chat.revise(clientId, draft);
    else clientId = chat.say(draft);
    this.sent = draft.edits || draft.contentNote ? null : clientId;
    this.stop();
  }

  #begin(text: string): void {
    if (!this.editing && !this.revising) this.#aside = this.text;
    this.editing = null;
    this.revising = null;
    this.#clear(text);
  }

  #clear(text: string): void {
    this.text = text;
    this.replyTo = null;
    this.ask = false;
    this.note = '';
    this.noteOpen = false;
    if (!this.editing && !this.revising) keepDraft(this.#place, text);
  }
}

/** One post and its replies, read from the server and read again when the room says that one has changed. */
import { api, ApiError, withQuery } from '#lib/api/client.ts';
import type { Body, ServerFrame } from '#lib/api/types.ts';
import { chat, RoomView, type Phase } from '#lib/live/chat.svelte.ts';
import { line } from '#lib/live/connection.svelte.ts';
import { quiet } from '#lib/live/quiet.svelte.ts';

const SOON_MS = 150;
const MOST_PAGES = 5;

export class ThreadView {
  /** The thread's messages as a room's: bubbles and the composer work on it. */
  readonly shown: RoomView;
  phase = $state<Phase>('loading');
  /** There are more replies than one page shows. */
  more = $state(false);

  /** The room around it, where what is said to the reader alone arrives. */
  readonly room: RoomView;
  readonly #id: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly post = $derived.by(() => this.shown.find(this.#id));
  readonly replies = $derived.by(() =>
    this.shown.state.messages.filter(({ id }) => id !== this.#id),
  );

  constructor(room: string, id: string) {
    this.room = chat.view(room);
    this.#id = id;
    this.shown = new RoomView(room);
  }

  /** Listen to the room, then read; the answer stops listening. */
  open(): () => void {
    void chat.enter(this.room).then(() => this.load());
    const types = ['message', 'changed', 'reaction'] as const;
    const stops = types.map((type) => line.on(type, (frame) => this.#heard(frame)));
    stops.push(line.onOpen(() => void this.load()));
    return () => {
      for (const stop of stops) stop();
      clearTimeout(this.#timer);
      chat.leave(this.room);
    };
  }

  async load(): Promise<void> {
    try {
      await quiet.ready();
      await this.#read();
      this.shown.detail = this.room.detail;
      this.phase = 'ready';
    } catch (error) {
      const gone = error instanceof ApiError && [403, 404].includes(error.status);
      if (gone) this.phase = 'missing';
      else if (this.phase !== 'ready') this.phase = 'unreachable';
    }
  }

  async #read(): Promise<void> {
    const replies: Body<'HistoryMessage'>[] = [];
    let post: Body<'HistoryMessage'> | null = null;
    let after: number | null = 0;
    for (let page = 0; page < MOST_PAGES && after !== null; page += 1) {
      const path = `/api/rooms/${this.shown.id}/threads/${this.#id}`;
      const found: Body<'Thread'> = await api.get(withQuery(path, { after }));
      post = found.post;
      replies.push(...found.replies);
      after = found.after;
    }
    if (!post) return;
    this.more = after !== null;
    const page = { messages: [post, ...replies], held: [], before: null, seq: 0 };
    this.shown.apply({ type: 'newest_page', page });
  }

  /** The server knows what may be seen now: what concerns the thread is asked for, not guessed. */
  #heard(frame: ServerFrame & { type: 'message' | 'changed' | 'reaction' }): void {
    const about = frame.type === 'message' ? frame.reply_to : frame.message;
    if (frame.room !== this.shown.id || !about || !this.holds(about)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), SOON_MS);
  }

  holds(id: string | null | undefined): boolean {
    return id === this.#id || this.shown.find(id) !== null;
  }
}

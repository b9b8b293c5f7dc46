/**
 * Small things on their way: words taken back, a quiet sign, an answer, a nudged draft given up.
 *
 * No frame answers them, so each is kept, also over a reload, until the room shows it or the line has
 * stood for a while after it; after a lost line it is sent again. Doing one twice changes nothing.
 */
import type { ClientFrameOf, ServerFrameOf } from '#lib/api/types.ts';

export type ActFrame = ClientFrameOf<'withdraw' | 'react' | 'felt_heard' | 'discard'>;

type Act = {
  frame: ActFrame;
  sent: boolean;
  /** As it was before; after a reload the server's own page shows that. */
  undo: (() => void) | null;
};

/** So long after it was sent, on the same line, nothing more is heard about it. */
const SETTLED_MS = 10_000;
/** Before what was refused for now is sent again. */
const AGAIN_S = 2;

export class Acts {
  #all = $state.raw<ReadonlyMap<string, Act>>(new Map());

  constructor(
    private readonly line: { send: (frame: ActFrame) => boolean },
    private readonly store: {
      putAct: (name: string, frame: ActFrame) => void;
      dropAct: (name: string) => void;
    },
  ) {}

  get size(): number {
    return this.#all.size;
  }

  isWithdrawing(message: string): boolean {
    return this.#all.has(`withdraw ${message}`);
  }

  /** Those of one room, as they were asked for. */
  in(room: string): ActFrame[] {
    return this.#frames().filter((frame) => 'room' in frame && frame.room === room);
  }

  /** The newest of its kind about a message goes; what it replaces never needs to. */
  do(frame: ActFrame, undo: (() => void) | null = null): void {
    const name = nameOf(frame);
    const before = this.#all.get(name);
    this.#put(name, { frame, sent: false, undo: before?.undo ?? undo });
    this.store.putAct(name, frame);
    this.#send(name);
  }

  /** What was kept over a reload. */
  restore(kept: Iterable<ActFrame>): void {
    for (const frame of kept)
      if (!this.#all.has(nameOf(frame)))
        this.#put(nameOf(frame), { frame, sent: false, undo: null });
    this.resume();
  }

  /** A new line: whatever was not settled on the one before goes again. */
  resume(): void {
    for (const name of [...this.#all.keys()]) this.#send(name);
  }

  lost(): void {
    for (const [name, act] of this.#all) this.#put(name, { ...act, sent: false });
  }

  /** The room shows that it is done. */
  saw(frame: ServerFrameOf<'changed'>): void {
    if (frame.change === 'withdrawn') this.#settle(`withdraw ${frame.message}`);
  }

  /** What was refused for good is as it was before. Answers whether it was one of these. */
  refused(frame: ServerFrameOf<'refused'>): boolean {
    const about = [...this.#all].filter(
      ([, act]) => act.sent && 'message' in act.frame && act.frame.message === frame.message,
    );
    for (const [name, act] of about) {
      if (frame.retryable) this.#again(name, act, frame.retry_after_s ?? AGAIN_S);
      else {
        this.#settle(name);
        act.undo?.();
      }
    }
    return about.length > 0;
  }

  forget(): void {
    this.#all = new Map();
  }

  #frames(): ActFrame[] {
    return [...this.#all.values()].map(({ frame }) => frame);
  }

  #send(name: string): void {
    const act = this.#all.get(name);
    if (!act || act.sent || !this.line.send(act.frame)) return;
    const sent = this.#put(name, { ...act, sent: true });
    setTimeout(() => {
      if (this.#all.get(name) === sent) this.#settle(name);
    }, SETTLED_MS);
  }

  #again(name: string, act: Act, seconds: number): void {
    const waits = this.#put(name, { ...act, sent: false });
    setTimeout(() => {
      if (this.#all.get(name) === waits) this.#send(name);
    }, seconds * 1000);
  }

  #put(name: string, act: Act): Act {
    this.#all = new Map(this.#all).set(name, act);
    return act;
  }

  #settle(name: string): void {
    const left = new Map(this.#all);
    if (!left.delete(name)) return;
    this.#all = left;
    this.store.dropAct(name);
  }
}

function nameOf(frame: ActFrame): string {
  return `${frame.type} ${frame.type === 'discard' ? frame.client_id : frame.message}`;
}

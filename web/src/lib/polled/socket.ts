/**
 * What stands in for a WebSocket on networks that let none through: the same frames, fetched over HTTP again
 * and again, and numbered, so that an answer that breaks off loses nothing. Loaded only where it is needed.
 */
import type { components } from '#lib/api/schema.d.ts';

type Opened = components['schemas']['LineOpened'];
type Heard = components['schemas']['LineHeard'];
type Answered = { status: number; body: Record<string, unknown>; waitMs: number };

const LINES = '/api/lines';
/** The server answers within 25 s, also when there is nothing to say. */
const PATIENCE_MS = 40_000;
/** After an answer that broke off, or a server that could not just now; then the line is given up. */
const AGAIN_MS = [500, 1_000, 2_000, 4_000];
/** How often a line may be unknown in a row: where several workers serve, only one of them has it. */
const ELSEWHERE = 6;
/** Frames of at most 32 KiB, in a request of at most 256. */
const AT_ONCE = 7;
const LOOK_AGAIN_MS = 240_000;
const LOST = 1006;
/** A WebSocket gets through by now. */
const WAY_IS_OPEN = 1000;

/** The place's own refusals as close codes. What a proxy says of itself is none of them. */
const CODES: Record<string, number> = {
  no_session: 4401,
  removed: 4401,
  pending: 4401,
  second_step_needed: 4401,
  not_allowed: 4403,
  too_fast: 4429,
};

export class PolledSocket {
  readyState = 0;
  onmessage: (event: { data: string }) => void = () => undefined;
  onclose: (event: { code: number; reason: string }) => void = () => undefined;

  #path = '';
  #heard = 0;
  #said = 0;
  #unsaid: unknown[] = [];
  #saying = false;
  #asking = new Set<AbortController>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** fast: tries a WebSocket, now and then, to see whether one opens by now. */
  constructor(private readonly fast: () => WebSocket) {
    void this.#run();
  }

  /** As of a WebSocket: it is on its way, and what comes of it is heard. */
  send(text: string): void {
    this.#unsaid.push(JSON.parse(text));
    void this.#say();
  }

  /** From this side, without a goodbye to wait for. */
  close(): void {
    if (this.readyState === 1)
      void fetch(this.#path, { method: 'DELETE', keepalive: true }).catch(() => undefined);
    this.#stop();
  }

  async #run(): Promise<void> {
    const opened = await this.#asked<Opened>('POST', LINES);
    if (!opened) return;
    this.#path = `${LINES}/${opened.line}`;
    this.readyState = 1;
    globalThis.addEventListener?.('pagehide', this.#leave);
    this.#lookLater();
    await this.#hear();
  }

  async #hear(): Promise<void> {
    while (this.readyState === 1) {
      const heard = await this.#asked<Heard>('GET', `${this.#path}?after=${this.#heard}`);
      if (!heard) return;
      const known = Math.max(0, this.#heard - (heard.last - heard.frames.length));
      for (const frame of heard.frames.slice(known)) {
        // Each by itself, as from a socket: one that somebody here cannot take must not end the line.
        queueMicrotask(() => {
          if (this.readyState === 1) this.onmessage({ data: JSON.stringify(frame) });
        });
      }
      this.#heard = Math.max(this.#heard, heard.last);
      const { close } = heard;
      if (close)
        queueMicrotask(() => {
          this.#end(close.code, close.reason);
        });
      if (close) return;
    }
  }

  async #say(): Promise<void> {
    if (this.#saying) return;
    this.#saying = true;
    while (this.#unsaid.length && this.readyState === 1) {
      const frames = this.#unsaid.slice(0, AT_ONCE);
      if (!(await this.#asked('POST', this.#path, { first: this.#said + 1, frames }))) return;
      this.#said += frames.length;
      this.#unsaid.splice(0, frames.length);
    }
    this.#saying = false;
  }

  /** The answer, asked for again where that may help; null: the line is over. */
  async #asked<Body>(method: string, path: string, body?: unknown): Promise<Body | null> {
    const isOpening = this.readyState === 0;
    let broke = 0;
    let unknown = 0;
    let answeredAt = Date.now();
    while (this.readyState < 2) {
      const answered = await this.#ask(method, path, body);
      const { status } = answered;
      if (this.readyState > 1) return null;
      if (status) answeredAt = Date.now();
      if (status >= 200 && status < 300) return answered.body as Body;
      if (!isOpening && status === 404 && unknown++ < ELSEWHERE) continue;
      const wait = status === 429 ? answered.waitMs : AGAIN_MS[broke++];
      const helps = status === 0 || status === 429 || status >= 500;
      // Asking on where nobody answers helps nobody: another line may find its way.
      const isSilent = Date.now() - answeredAt >= PATIENCE_MS;
      if (isOpening || !helps || isSilent || wait === undefined) {
        this.#end(CODES[String(answered.body.code)] ?? LOST);
        return null;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    return null;
  }

  /** Status 0: nobody answered, or the answer broke off. */
  async #ask(method: string, path: string, body: unknown): Promise<Answered> {
    const asking = new AbortController();
    this.#asking.add(asking);
    const timer = setTimeout(() => {
      asking.abort();
    }, PATIENCE_MS);
    try {
      const answer = await fetch(path, {
        method,
        cache: 'no-store',
        credentials: 'same-origin',
        signal: asking.signal,
        ...(body === undefined
          ? {}
          : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const waitMs = (Number(answer.headers.get('Retry-After')) || 4) * 1000;
      return { status: answer.status, body: await read(answer), waitMs };
    } catch {
      return { status: 0, body: {}, waitMs: 0 };
    } finally {
      clearTimeout(timer);
      this.#asking.delete(asking);
    }
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      const socket = this.fast();
      socket.onopen = () => {
        socket.close();
        this.#leave(WAY_IS_OPEN);
      };
      this.#lookLater();
    }, LOOK_AGAIN_MS);
  }

  /** The page goes, or something better is there. */
  #leave = (why: unknown): void => {
    this.close();
    this.onclose({ code: why === WAY_IS_OPEN ? WAY_IS_OPEN : LOST, reason: '' });
  };

  #end(code: number, reason = ''): void {
    if (this.readyState > 1) return;
    this.#stop();
    this.onclose({ code, reason });
  }

  #stop(): void {
    this.readyState = 3;
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.('pagehide', this.#leave);
    for (const asking of this.#asking) asking.abort();
  }
}

/** An answer without JSON says nothing; a good one that should have had some broke off, or was a proxy's. */
async function read(answer: Response): Promise<Record<string, unknown>> {
  if (answer.status === 204) return {};
  try {
    return (await answer.json()) as Record<string, unknown>;
  } catch (error) {
    if (answer.ok) throw error;
    return {};
  }
}

/** The one socket of this page: opens, listens, comes back. What frames mean is not its business. */
import type { ClientFrame, ServerFrame, ServerFrameOf } from '#lib/api/types.ts';
import type { PolledSocket } from '#lib/polled/socket.ts';
import { backoffS, hintS, STEADY_MS, TOLD_MS } from './backoff.ts';

export type LineState = 'closed' | 'connecting' | 'open' | 'waiting';

type Listener<Type extends ServerFrame['type']> = (frame: ServerFrameOf<Type>) => void;

const SUBPROTOCOL = 'hearth.v1';

/** How long a WebSocket may take to open: some proxies swallow it without a word. */
const OPENS_MS = 25_000;

/** As browsers say it: no WebSocket opened, or the line broke without a goodbye. */
const BROKE = 1006;

/** Our own close code: nobody answered. */
const HUNG_UP = 4000;

/** What the server's close codes ask of us (server/protocol/frames.py, Close). */
export const CLOSE = {
  badFrame: 4400,
  session: 4401,
  forbidden: 4403,
  tooSlow: 4408,
  tooMany: 4429,
  restart: 4503,
} as const;

class Connection {
  state = $state<LineState>('closed');
  /** When the line was lost; null while it stands. */
  lostAt = $state<number | null>(null);
  /** When the next try begins, in milliseconds of Date.now(). */
  nextTryAt = $state<number | null>(null);
  /** No WebSocket gets through here: frames are fetched, and all else is the same. */
  slow = $state(false);

  #socket: WebSocket | PolledSocket | null = null;
  /** How many WebSockets in a row did not open. */
  #shut = 0;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #probe: ReturnType<typeof setTimeout> | undefined;
  #heardAt = 0;
  /** When the line that stands was greeted, by a clock that no change of the date moves. */
  #greetedAt: number | null = null;
  #heartbeatMs = 30_000;
  #listeners = new Map<string, Set<(frame: never) => void>>();
  #openListeners = new Set<() => void>();
  #lostListeners = new Set<() => void>();
  #wanted = false;
  /** Asks the server for any answer at all; set by whoever has a room to ask about. */
  probe: (() => ClientFrame | null) | null = null;
  /** The server no longer knows this session. */
  onSessionEnded: () => void = () => undefined;

  /** Listen to one type of frame; the answer stops listening. */
  on<Type extends ServerFrame['type']>(type: Type, listener: Listener<Type>): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(type, listeners);
    return () => listeners.delete(listener);
  }

  onOpen(listener: () => void): () => void {
    this.#openListeners.add(listener);
    return () => this.#openListeners.delete(listener);
  }

  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  connect(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    addEventListener('online', this.#wake);
    addEventListener('offline', this.#cut);
    document.addEventListener('visibilitychange', this.#wake);
    this.#open();
  }

  disconnect(): void {
    this.#wanted = false;
    removeEventListener('online', this.#wake);
    removeEventListener('offline', this.#cut);
    document.removeEventListener('visibilitychange', this.#wake);
    clearTimeout(this.#timer);
    clearTimeout(this.#probe);
    this.#socket?.close(1000);
    this.#socket = null;
    this.#attempt = 0;
    this.state = 'closed';
    this.lostAt = null;
    this.nextTryAt = null;
  }

  /** Try now instead of after the wait. */
  retryNow(): void {
    if (!this.#wanted || this.state !== 'waiting') return;
    clearTimeout(this.#timer);
    this.#open();
  }

  /** True when the frame was given to an open line; that it arrived only its answer can tell. */
  send(frame: ClientFrame): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN || this.state !== 'open') return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ask whether anybody is there, and hang up when nobody answers within `patienceMs`. */
  check(patienceMs = 5_000): void {
    const frame = this.probe?.();
    if (!frame || !this.send(frame)) return;
    const askedAt = Date.now();
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => {
      if (this.#heardAt < askedAt) this.#hangUp();
      else this.#watch();
    }, patienceMs);
  }

  /** Close without waiting for the other end's goodbye, which on a dead line never comes. */
  #hangUp(code?: number): void {
    this.#socket?.close(HUNG_UP);
    this.#lost(code);
  }

  #open(): void {
    this.state = 'connecting';
    this.nextTryAt = null;
    if (this.slow) void this.#openSlowly();
    else {
      this.#take(webSocket());
      clearTimeout(this.#probe);
      this.#probe = setTimeout(() => {
        this.#hangUp(BROKE);
      }, OPENS_MS);
    }
  }

  async #openSlowly(): Promise<void> {
    this.slow = true;
    const loaded = await import('#lib/polled/socket.ts').catch(() => null);
    if (!this.#wanted || this.#socket || this.state !== 'connecting') return;
    if (loaded) this.#take(new loaded.PolledSocket(webSocket));
    else this.#lost();
  }

  #take(socket: WebSocket | PolledSocket): void {
    this.#socket = socket;
    socket.onmessage = (event: { data: unknown }) => {
      if (socket === this.#socket) this.#hear(String(event.data));
    };
    socket.onclose = (event: { code: number; reason: string }) => {
      if (socket === this.#socket) this.#lost(event.code, event.reason);
    };
  }

  #hear(data: string): void {
    this.#heardAt = Date.now();
    const frame = read(data);
    if (frame?.type === 'hello') this.#greeted(frame);
    // Unknown types have no listeners and are so ignored, as the protocol asks.
    if (frame)
      for (const listener of this.#listeners.get(frame.type) ?? []) listener(frame as never);
    if (frame?.type === 'hello') for (const listener of this.#openListeners) listener();
    this.#watch();
  }

  #greeted(hello: ServerFrameOf<'hello'>): void {
    this.#heartbeatMs = hello.heartbeat_s * 1000;
    this.#greetedAt = performance.now();
    this.state = 'open';
    this.lostAt = null;
    if (!this.slow) this.#shut = 0;
  }

  /** After a silence of one heartbeat, ask. */
  #watch(): void {
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => {
      this.check();
    }, this.#heartbeatMs);
  }

  #lost(code?: number, reason = ''): void {
    clearTimeout(this.#probe);
    this.#socket = null;
    const wasOpen = this.#greetedAt !== null;
    const heldMs = this.#greetedAt === null ? 0 : performance.now() - this.#greetedAt;
    this.#greetedAt = null;
    if (!this.#wanted) return;
    if (this.slow) this.slow = wasOpen && code !== 1000;
    else if (!wasOpen && code === BROKE && ++this.#shut > 1) {
      void this.#openSlowly();
      return;
    }
    const hint = code === CLOSE.restart ? hintS(reason) : null;
    if (heldMs >= (hint === null ? STEADY_MS : TOLD_MS)) this.#attempt = 0;
    this.lostAt ??= Date.now();
    for (const listener of this.#lostListeners) listener();
    if (code === CLOSE.session) {
      this.disconnect();
      this.onSessionEnded();
      return;
    }
    // A browser is shown 4403 only as a socket that never opens; whoever does see it stays away.
    if (code === CLOSE.forbidden) this.disconnect();
    else this.#waitAndRetry(hint);
  }

  #waitAndRetry(hint: number | null): void {
    const waitMs = backoffS(this.#attempt, Math.random(), hint) * 1000;
    this.#attempt += 1;
    this.state = 'waiting';
    this.nextTryAt = Date.now() + waitMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#open();
    }, waitMs);
  }

  /** The device says it has no network: the socket would take a minute to notice. */
  #cut = (): void => {
    if (this.state === 'open' || this.state === 'connecting') this.#hangUp();
  };

  /** The network came back, or the page was brought to the front: phones freeze timers and sockets. */
  #wake = (): void => {
    if (document.visibilityState === 'hidden') return;
    this.#attempt = 0;
    if (this.state === 'waiting') this.retryNow();
    else this.check(4_000);
  };
}

function webSocket(): WebSocket {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return new WebSocket(`${scheme}://${location.host}/ws`, SUBPROTOCOL);
}

/** A frame, or null for what is none. */
function read(data: string): ServerFrame | null {
  try {
    const frame = JSON.parse(data) as ServerFrame | null;
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}

export const line = new Connection();

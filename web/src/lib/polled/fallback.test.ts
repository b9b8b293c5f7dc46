/** Which way a line goes: a WebSocket first, fetched frames where none opens, and back. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

class Socket {
  static readonly OPEN = 1;
  static made: Socket[] = [];
  readyState = 0;
  onopen: () => void = () => undefined;
  onmessage: (event: { data: string }) => void = () => undefined;
  onclose: (event: { code: number; reason: string }) => void = () => undefined;

  constructor() {
    Socket.made.push(this);
  }

  close(): void {
    this.readyState = 3;
  }

  fails(): void {
    this.readyState = 3;
    this.onclose({ code: 1006, reason: '' });
  }

  greets(): void {
    this.readyState = Socket.OPEN;
    this.onmessage({ data: JSON.stringify({ type: 'hello', heartbeat_s: 20 }) });
  }
}

let asked: string[] = [];
let opens = () => Promise.resolve(Response.json({ line: 'name', wait_s: 25 }));

function fetched(path: string, { method = 'GET' }: RequestInit): Promise<Response> {
  asked.push(`${method} ${path}`);
  if (method === 'POST') return opens();
  if (path.endsWith('?after=0'))
    return Promise.resolve(
      Response.json({ last: 1, frames: [{ type: 'hello', heartbeat_s: 20 }] }),
    );
  return new Promise(() => undefined);
}

async function passes(seconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  await settle();
}

/** Until everybody who can do something has done it. */
async function settle(): Promise<void> {
  await vi.dynamicImportSettled();
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function twoFail() {
  const { line } = await import('../live/connection.svelte.ts');
  line.connect();
  Socket.made.at(-1)?.fails();
  await passes(1);
  expect(Socket.made).toHaveLength(2);
  expect(asked).toEqual([]);
  Socket.made.at(-1)?.fails();
  await settle();
  return line;
}

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  vi.stubGlobal('WebSocket', Socket);
  vi.stubGlobal('fetch', fetched);
  Socket.made = [];
  asked = [];
  opens = () => Promise.resolve(Response.json({ line: 'name', wait_s: 25 }));
});

afterEach(async () => {
  const { line } = await import('../live/connection.svelte.ts');
  line.disconnect();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('frames are fetched once two WebSockets did not open, and the line says so', async () => {
  const line = await twoFail();
  expect(line.state).toBe('open');
  expect(line.slow).toBe(true);
  expect(asked).toEqual([
    'POST /api/lines',
    'GET /api/lines/name?after=0',
    'GET /api/lines/name?after=1',
  ]);
});

it('a WebSocket is looked for now and then, and taken when it opens', async () => {
  const line = await twoFail();
  await passes(245);
  expect(Socket.made).toHaveLength(3);
  Socket.made[2]?.fails();
  await passes(240);
  expect(Socket.made).toHaveLength(4);
  expect(line.state).toBe('open');
  Socket.made[3]?.onopen();
  await passes(1);
  expect(asked.at(-1)).toBe('DELETE /api/lines/name');
  Socket.made[4]?.greets();
  expect(line.state).toBe('open');
  expect(line.slow).toBe(false);
});

it('where nobody answers over HTTP either, the next try is a WebSocket', async () => {
  opens = () => Promise.reject(new TypeError('no network'));
  const line = await twoFail();
  expect(line.state).toBe('waiting');
  expect(line.slow).toBe(false);
  await passes(3);
  expect(Socket.made).toHaveLength(3);
  Socket.made[2]?.greets();
  expect(line.state).toBe('open');
});

it("a proxy's refusal is not the end of the session, and the place's own is", async () => {
  const over = vi.fn();
  opens = () => Promise.resolve(new Response('<h1>Blocked</h1>', { status: 403 }));
  const line = await twoFail();
  line.onSessionEnded = over;
  expect(over).not.toHaveBeenCalled();
  expect(line.state).toBe('waiting');
  opens = () => Promise.resolve(Response.json({ code: 'no_session', detail: '' }, { status: 401 }));
  await passes(3);
  Socket.made.at(-1)?.fails();
  await settle();
  expect(over).toHaveBeenCalledOnce();
});

it('a WebSocket that neither opens nor fails is given up', async () => {
  const { line } = await import('../live/connection.svelte.ts');
  line.connect();
  await passes(24);
  expect(line.state).toBe('connecting');
  await passes(27);
  expect(Socket.made).toHaveLength(2);
  await passes(26);
  expect(line.slow).toBe(true);
});

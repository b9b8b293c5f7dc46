/** A line that is fetched, where nobody answers any more. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PolledSocket } from './socket.ts';

let asked = 0;
let hears: (signal: AbortSignal) => Promise<Response>;

const swallowed = (signal: AbortSignal) =>
  new Promise<Response>((_, refuse) => {
    signal.addEventListener('abort', () => {
      refuse(new Error('aborted'));
    });
  });

beforeEach(() => {
  vi.useFakeTimers();
  asked = 0;
  vi.stubGlobal('fetch', (_: string, { method, signal }: RequestInit) => {
    if (method === 'POST') return Promise.resolve(Response.json({ line: 'name', wait_s: 25 }));
    asked += 1;
    return hears(signal as AbortSignal);
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('is given up after one question that was swallowed, not after five', async () => {
  hears = swallowed;
  const socket = new PolledSocket(() => ({ close: () => undefined }) as WebSocket);
  const ends: number[] = [];
  socket.onclose = ({ code }) => ends.push(code);
  await vi.advanceTimersByTimeAsync(39_000);
  expect(ends).toEqual([]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(ends).toEqual([1006]);
  expect(asked).toBe(1);
});

it('stands where answers break off and come again', async () => {
  hears = (signal) => {
    if (asked > 3) return swallowed(signal);
    if (asked === 3)
      return Promise.resolve(Response.json({ last: 1, frames: [{ type: 'hello' }] }));
    return Promise.reject(new Error('broke off'));
  };
  const socket = new PolledSocket(() => ({ close: () => undefined }) as WebSocket);
  const heard: string[] = [];
  socket.onmessage = ({ data }) => heard.push(data);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(heard).toEqual(['{"type":"hello"}']);
  expect(socket.readyState).toBe(1);
  socket.close();
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TakeBack } from './take-back.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('acts when its seconds are over, once', () => {
  const [undo, act] = [new TakeBack(), vi.fn()];
  undo.begin('a note', act);
  vi.advanceTimersByTime(7_900);
  expect([undo.waiting, act.mock.calls.length]).toEqual(['a note', 0]);
  vi.advanceTimersByTime(60_000);
  undo.finish();
  expect([undo.waiting, act.mock.calls.length]).toEqual([null, 1]);
});

it('does nothing when it was kept', () => {
  const [undo, act] = [new TakeBack(), vi.fn()];
  undo.begin('a note', act);
  undo.keep();
  vi.advanceTimersByTime(60_000);
  expect([undo.waiting, act.mock.calls.length]).toEqual([null, 0]);
});

it('acts at once for the next one, and for whoever leaves or closes the page', () => {
  const [undo, one, other, third] = [new TakeBack(), vi.fn(), vi.fn(), vi.fn()];
  const leave = undo.watch();
  undo.begin('one', one);
  undo.begin('other', other);
  expect([undo.waiting, one.mock.calls.length, other.mock.calls.length]).toEqual(['other', 1, 0]);
  window.dispatchEvent(new Event('pagehide'));
  expect(other).toHaveBeenCalledOnce();
  undo.begin('third', third);
  leave();
  expect(third).toHaveBeenCalledOnce();
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { settled } from './settled.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('a burst of changes becomes one look', () => {
  const look = vi.fn();
  const soon = settled(look, 100);
  for (let call = 0; call < 3; call++) soon();
  vi.advanceTimersByTime(100);
  expect(look).toHaveBeenCalledTimes(1);
});

it('changes that never stop are still looked at', () => {
  const look = vi.fn();
  const soon = settled(look, 100);
  for (let ms = 0; ms < 1000; ms += 50) {
    soon();
    vi.advanceTimersByTime(50);
  }
  expect(look.mock.calls.length).toBeGreaterThanOrEqual(2);
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Acts, type ActFrame } from './acts.svelte.ts';
import { changedFrame, ROOM } from './cast.ts';

const HUG: ActFrame = { type: 'react', room: ROOM, message: 'm-1', reaction: 'hug' };
const BACK: ActFrame = { type: 'withdraw', room: ROOM, message: 'm-2' };

/** A line that can be cut, and a browser's store. */
function place() {
  const kept = new Map<string, ActFrame>();
  const went: ActFrame[] = [];
  const line = {
    open: true,
    send: (frame: ActFrame) => {
      if (line.open) went.push(frame);
      return line.open;
    },
  };
  const store = {
    putAct: (name: string, frame: ActFrame) => void kept.set(name, frame),
    dropAct: (name: string) => void kept.delete(name),
  };
  return { kept, went, line, make: () => new Acts(line, store) };
}

const refused = (message: string, retryable: boolean) =>
  ({
    type: 'refused',
    code: 'not_now',
    detail: '',
    retryable,
    retry_after_s: retryable ? 1 : null,
    client_id: null,
    room: ROOM,
    message,
  }) as const;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what was asked for', () => {
  it('waits for the line, over a reload too, and is done once', () => {
    const { kept, went, line, make } = place();
    line.open = false;
    make().do(BACK);
    expect(went).toEqual([]);
    const later = make();
    later.restore(kept.values());
    expect(later.isWithdrawing('m-2')).toBe(true);
    line.open = true;
    later.resume();
    later.resume();
    expect(went).toEqual([BACK]);
    later.saw(changedFrame(5, { change: 'withdrawn', message: 'm-2' }));
    expect([later.size, kept.size]).toEqual([0, 0]);
  });

  it('goes again when the line was lost before anything was heard of it', () => {
    const { kept, went, make } = place();
    const acts = make();
    acts.do(HUG);
    acts.lost();
    acts.resume();
    expect(went).toEqual([HUG, HUG]);
    vi.advanceTimersByTime(10_000);
    expect([acts.size, kept.size]).toEqual([0, 0]);
  });

  it('is as it was before once it is refused', () => {
    const { kept, make } = place();
    const acts = make();
    const undo = vi.fn();
    acts.do(HUG, undo);
    expect(acts.refused(refused('m-other', false))).toBe(false);
    expect(acts.refused(refused('m-1', false))).toBe(true);
    expect(undo).toHaveBeenCalledOnce();
    expect([acts.size, kept.size]).toEqual([0, 0]);
  });

  it('is tried again when it was only too soon', () => {
    const { went, make } = place();
    const acts = make();
    const undo = vi.fn();
    acts.do(HUG, undo);
    acts.refused(refused('m-1', true));
    vi.advanceTimersByTime(1_000);
    expect(went).toEqual([HUG, HUG]);
    expect(undo).not.toHaveBeenCalled();
  });
});

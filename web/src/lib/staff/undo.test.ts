import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aCase, aDesk, aLine } from './cast.ts';
import type { Case } from './types.ts';
import { undo } from './undo.svelte.ts';

const NOW = new Date('2026-03-01T12:00:00Z');

function decided(id: string, until_s: number): Case {
  const until = new Date(NOW.getTime() + until_s * 1000).toISOString();
  return aCase({
    line: aLine({ id }),
    desk: aDesk({ undo: { decision: 'd1', action: 'warn', until } }),
  });
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});

afterEach(() => {
  for (const id of ['one', 'two']) undo.heard(aCase({ line: aLine({ id }) }));
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('what was decided last is taken back first', async () => {
  const sent: string[] = [];
  vi.stubGlobal('fetch', (path: string) => {
    sent.push(path);
    return Promise.resolve(new Response(JSON.stringify(aCase({ line: aLine({ id: 'two' }) }))));
  });
  undo.heard(decided('one', 20));
  undo.heard(decided('two', 30));
  expect([undo.newest?.id, undo.left_s]).toEqual(['two', 30]);
  expect(await undo.take()).toBe('two');
  expect(sent).toEqual(['/api/cases/two/undo']);
  expect([undo.undone?.line.id, undo.newest?.id]).toEqual(['two', 'one']);
});

it('after its time there is nothing to take back, and nothing is sent', async () => {
  undo.heard(decided('one', 30));
  vi.setSystemTime(NOW.getTime() + 30_000);
  expect(undo.newest).toBeNull();
  expect(await undo.take()).toBeNull();
});

it('what cannot be taken back any more is not offered again', async () => {
  vi.stubGlobal('fetch', () =>
    Promise.resolve(new Response('{"code":"not_now","detail":"Late."}', { status: 409 })),
  );
  undo.heard(decided('one', 30));
  await expect(undo.take()).rejects.toThrow('not_now');
  expect(undo.newest).toBeNull();
});

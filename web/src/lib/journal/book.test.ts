import { beforeEach, describe, expect, it, vi } from 'vitest';
import { api, ApiError } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';
import '#lib/own-key/subtle.ts';
import { lockOf, opens } from '#lib/own-key/keyed.ts';
import { keyOf, newCode } from '#lib/own-key/own-key.ts';
import { newId } from '#lib/live/ids.ts';
import { Book, NoKey } from './book.svelte.ts';

type Kept = Omit<Body<'JournalEntry'>, 'id' | 'at'>;
type Turn = Body<'JournalTurn'>;

/** As the server keeps it; newest first, two to a page. */
let there: {
  version: number;
  proof: string | null;
  entries: (Kept & { id: string; at: string; client_id?: string })[];
};
let count: number;

const stale = (): Promise<never> => Promise.reject(new ApiError(409, 'stale', 'Look again.'));

vi.spyOn(api, 'get').mockImplementation((path: string) => {
  if (path === '/api/me/plan') return Promise.resolve({ locked: null } as never);
  const before = path.split('?before=')[1];
  const from = before ? there.entries.findIndex(({ id }) => id === before) + 1 : 0;
  const entries = there.entries.slice(from, from + 2);
  return Promise.resolve({ ...there, entries, more: there.entries.length > from + 2 } as never);
});
vi.spyOn(api, 'post').mockImplementation((_path: string, body: unknown) => {
  const { version, client_id, ...kept } = body as Kept & { version?: number; client_id: string };
  const sent = there.entries.find((entry) => entry.client_id === client_id);
  if (sent) return Promise.resolve(sent as never);
  if (Boolean(kept.locked) !== Boolean(there.proof)) return stale();
  if (kept.locked && version !== there.version) return stale();
  const entry = { ...kept, client_id, id: String(++count), at: '2026-11-27T19:00:00Z' };
  there.entries.unshift(entry);
  return Promise.resolve(entry as never);
});
const put = vi.spyOn(api, 'put');

function turned(_path: string, body: unknown): Promise<never> {
  const { version, proof, entries } = body as Turn;
  const ids = entries.map(({ id }) => id);
  if (version !== there.version || ids.join() !== there.entries.map(({ id }) => id).join())
    return stale();
  there = {
    version: version + 1,
    proof,
    entries: entries.map((one) => ({ at: '2026-11-27T19:00:00Z', ...one })),
  };
  return Promise.resolve(there as never);
}

async function opened(): Promise<Book> {
  const book = new Book('ash');
  await book.load();
  return book;
}

async function written(...words: string[]): Promise<Book> {
  const book = await opened();
  for (const word of words) await book.write({ words: word }, newId());
  return book;
}

beforeEach(() => {
  there = { version: 0, proof: null, entries: [] };
  count = 0;
  put.mockImplementation(turned);
});

describe('a journal', () => {
  it('shows what was written, newest first, and reads on', async () => {
    await written('One.', 'Two.', 'Three.');
    const book = await opened();
    expect(book.entries.map(({ said }) => said?.words)).toEqual(['Three.', 'Two.']);
    await book.further();
    expect(book.entries.map(({ said }) => said?.words)).toEqual(['Three.', 'Two.', 'One.']);
    expect(book.more).toBe(false);
  });

  it('keeps words once whose answer was lost on the way', async () => {
    const [book, id] = [await opened(), newId()];
    await book.write({ words: 'One.' }, id);
    await book.write({ words: 'One.' }, id);
    await book.write({ words: 'One.' }, newId());
    expect(there.entries).toHaveLength(2);
    expect(book.entries.map((entry) => entry.id)).toEqual(['2', '1']);
  });

  it('is locked whole, beyond the first page too, and opens with the code alone', async () => {
    const book = await written('One.', 'Two.', 'Three.');
    await book.write({ now: 'Heavy.', helps: 'A walk.' }, newId());
    const code = newCode();
    await book.takeKey(await keyOf(code));
    await book.write({ words: 'Four.' }, newId());
    expect(JSON.stringify(there)).not.toMatch(/(One|Two|Three|Four|Heavy|walk)\./);
    expect(there.entries).toHaveLength(5);

    const elsewhere = await opened();
    expect(elsewhere.state).toBe('locked');
    await expect(elsewhere.write({ words: 'Five.' }, newId())).rejects.toThrow(NoKey);
    await expect(elsewhere.enter(newCode())).rejects.toThrow();
    await elsewhere.enter(code);
    expect(elsewhere.entries[0]?.said).toEqual({ words: 'Four.' });
    expect(elsewhere.entries[1]?.said).toEqual({ now: 'Heavy.', helps: 'A walk.' });

    await elsewhere.giveKeyBack();
    expect(there.proof).toBeNull();
    expect(there.entries.map(({ words }) => words ?? 'Heavy.')).toEqual([
      'Four.',
      'Heavy.',
      'Three.',
      'Two.',
      'One.',
    ]);
  });

  it('stays as it is where something was written elsewhere meanwhile', async () => {
    const mine = await written('One.');
    const key = await keyOf(newCode());
    put.mockImplementationOnce(async (path, body) => {
      await (await opened()).write({ words: 'Elsewhere.' }, newId());
      return turned(path, body);
    });
    await expect(mine.takeKey(key)).rejects.toThrow('stale');
    expect(there.entries.map(({ words }) => words)).toEqual(['Elsewhere.', 'One.']);
    expect(mine.isOwnKey).toBe(false);
    await mine.takeKey(key);
    expect(JSON.stringify(there)).not.toContain('Elsewhere');
  });

  it('shows by its proof whether a key is the one, so that the plan can use the same', async () => {
    const book = await written('One.');
    expect(await lockOf('journal')).toBeNull();
    const key = await keyOf(newCode());
    await book.takeKey(key);
    const lock = await lockOf('journal');
    expect(lock && (await opens(key, 'ash', lock))).toBe(true);
    expect(lock && (await opens(key, 'birch', lock))).toBe(false);
    expect(lock && (await opens(await keyOf(newCode()), 'ash', lock))).toBe(false);
  });
});

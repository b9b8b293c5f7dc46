import { beforeEach, describe, expect, it, vi } from 'vitest';
import { api, ApiError } from '#lib/api/client.ts';
import '#lib/own-key/subtle.ts';
import { keyOf, newCode } from '#lib/own-key/own-key.ts';
import { emptyPlan, type OwnPlan } from './types.ts';
import { Writing } from './writing.svelte.ts';

/** As the server keeps it. */
let there: OwnPlan;

vi.spyOn(api, 'get').mockImplementation(() => Promise.resolve(there as never));
const put = vi.spyOn(api, 'put');

function kept(path: string, body: unknown): Promise<never> {
  const { version, plan = null, locked = null } = body as Partial<OwnPlan>;
  if (version !== there.version) return Promise.reject(new ApiError(409, 'stale', 'Look again.'));
  there = { version: version + 1, plan, locked, at: null };
  return Promise.resolve(there as never);
}

async function opened(): Promise<Writing> {
  const writing = new Writing('ash');
  await writing.load();
  return writing;
}

beforeEach(() => {
  there = { version: 0, plan: null, locked: null, at: null };
  put.mockImplementation(kept);
});

describe('a plan that is being written', () => {
  it('is saved, once', async () => {
    const writing = await opened();
    writing.written.signs = 'One.';
    await writing.save();
    await writing.save();
    expect(there.version).toBe(1);
    expect(there.plan?.signs).toEqual(['One.']);
    expect(writing.saved).toBe('saved');
  });

  it('writes over nothing that another tab wrote, and loses neither', async () => {
    const [mine, other] = [await opened(), await opened()];
    other.written.worth = 'The cat.';
    await other.save();
    mine.written.signs = 'One.';
    await mine.save();
    expect(mine.other?.worth).toEqual(['The cat.']);
    expect(there.plan).toEqual({ ...emptyPlan(), worth: ['The cat.'] });
    await mine.settle(true);
    expect(there.plan).toEqual({ ...emptyPlan(), signs: ['One.'] });
  });

  it('leaves the device as ciphertext once the key is taken, and opens with the code alone', async () => {
    const writing = await opened();
    const code = newCode();
    writing.written.signs = 'One.';
    await writing.takeKey(await keyOf(code));
    expect(there.plan).toBeNull();
    writing.written.signs = 'Two.';
    await writing.save();
    expect(JSON.stringify(there)).not.toContain('Two.');

    const elsewhere = await opened();
    expect(elsewhere.state).toBe('locked');
    await expect(elsewhere.enter(newCode())).rejects.toThrow();
    await elsewhere.enter(code);
    expect(elsewhere.written.signs).toBe('Two.');
    await elsewhere.giveKeyBack();
    expect(there.plan?.signs).toEqual(['Two.']);
  });

  it('keeps the place’s key where the turn did not arrive', async () => {
    const writing = await opened();
    put.mockImplementation(() => Promise.reject(new ApiError(0, 'offline', '')));
    const key = await keyOf(newCode());
    await expect(writing.takeKey(key)).rejects.toThrow();
    put.mockImplementation(kept);
    writing.written.signs = 'One.';
    await writing.save();
    expect(there.plan?.signs).toEqual(['One.']);
    expect(writing.isOwnKey).toBe(false);
  });
});

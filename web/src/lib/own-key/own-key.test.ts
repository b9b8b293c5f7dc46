import { describe, expect, it } from 'vitest';
import './subtle.ts';
import { codeOf, groupsOf, keyOf, lock, newCode, unlock, WrongCode } from './own-key.ts';

const SAID = { signs: ['I stop opening the curtains.'], worth: ['قطتي'] };

describe('a key that only the member holds', () => {
  it('locks words, and its code opens it, however it is typed', async () => {
    const code = newCode();
    const locked = await lock(await keyOf(code), 'plan', 'ash', SAID);
    expect(atob(locked)).not.toContain('curtains');
    const typed = ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o')} `;
    expect(await unlock(await keyOf(typed), 'plan', 'ash', locked)).toEqual(SAID);
  });

  it('opens nothing with another code, for another member or kind, or where a byte was changed', async () => {
    const key = await keyOf(newCode());
    const locked = await lock(key, 'plan', 'ash', SAID);
    const changed = locked.slice(0, 40) + (locked[40] === 'A' ? 'B' : 'A') + locked.slice(41);
    await expect(unlock(await keyOf(newCode()), 'plan', 'ash', locked)).rejects.toThrow(WrongCode);
    await expect(unlock(key, 'plan', 'birch', locked)).rejects.toThrow(WrongCode);
    await expect(unlock(key, 'journal', 'ash', locked)).rejects.toThrow(WrongCode);
    await expect(unlock(key, 'plan', 'ash', changed)).rejects.toThrow(WrongCode);
  });

  it('is never handed out again', async () => {
    const key = await keyOf(newCode());
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
  });

  it('has codes of 13 groups that say each bit', async () => {
    expect(groupsOf(newCode())).toHaveLength(13);
    expect(codeOf(new Uint8Array(32))).toBe('0000-'.repeat(12) + '0000');
    expect(codeOf(new Uint8Array(32).fill(255))).toBe('ZZZZ-'.repeat(12) + 'ZZZG');
    await expect(keyOf('ZZZZ-'.repeat(12) + 'ZZZZ')).rejects.toThrow(WrongCode);
    await expect(keyOf('ZZZZ')).rejects.toThrow(WrongCode);
  });

  it('says little by its length', async () => {
    const key = await keyOf(newCode());
    const lengths = [{}, SAID].map(async (what) => (await lock(key, 'plan', 'ash', what)).length);
    expect(new Set(await Promise.all(lengths)).size).toBe(1);
  });
});

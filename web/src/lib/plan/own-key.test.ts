import { describe, expect, it } from 'vitest';
import './subtle.ts';
import { codeOf, groupsOf, keyOf, lock, newCode, unlock, WrongCode } from './own-key.ts';
import { emptyPlan, isTooMuch, planOf, writtenOf } from './types.ts';

const PLAN = { ...emptyPlan(), signs: ['I stop opening the curtains.'], worth: ['قطتي'] };

describe('a key that only the member holds', () => {
  it('locks a plan, and its code opens it, however it is typed', async () => {
    const code = newCode();
    const locked = await lock(await keyOf(code), 'ash', PLAN);
    expect(atob(locked)).not.toContain('curtains');
    const typed = ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o')} `;
    expect(await unlock(await keyOf(typed), 'ash', locked)).toEqual(PLAN);
  });

  it('opens nothing with another code, for another member, or where a byte was changed', async () => {
    const key = await keyOf(newCode());
    const locked = await lock(key, 'ash', PLAN);
    const changed = locked.slice(0, 40) + (locked[40] === 'A' ? 'B' : 'A') + locked.slice(41);
    await expect(unlock(await keyOf(newCode()), 'ash', locked)).rejects.toThrow(WrongCode);
    await expect(unlock(key, 'birch', locked)).rejects.toThrow(WrongCode);
    await expect(unlock(key, 'ash', changed)).rejects.toThrow(WrongCode);
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
    const lengths = [emptyPlan(), PLAN].map(async (plan) => (await lock(key, 'ash', plan)).length);
    expect(new Set(await Promise.all(lengths)).size).toBe(1);
  });
});

describe('the fields of a plan', () => {
  it('hold one line for each thing, and give back what was kept', () => {
    expect(planOf(writtenOf(PLAN))).toEqual(PLAN);
    expect(planOf({ ...writtenOf(PLAN), signs: ' one \n\n two' }).signs).toEqual(['one', 'two']);
  });

  it('say what is too much', () => {
    expect(isTooMuch('x\n'.repeat(12))).toBe(false);
    expect(isTooMuch('x\n'.repeat(13))).toBe(true);
    expect(isTooMuch('🙂'.repeat(280))).toBe(false);
    expect(isTooMuch('x'.repeat(281))).toBe(true);
  });
});

/** The plan and the journal, each under the place's key or the member's own: one key of one's own is enough for both. */

import { api } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';
import { unlock, type Kind } from './own-key.ts';
import { keepKey } from './shelf.ts';

export type Thing = 'plan' | 'journal';

/** What a key can be turned of. Each throws ApiError, and then nothing has changed. */
export type Keyed = {
  readonly member: string;
  /** Of the two, the one that this is not. */
  readonly sibling: Thing;
  readonly isOwnKey: boolean;
  /** The code of one's own key, on a device that does not have it. Throws WrongCode, too. */
  enter(code: string): Promise<void>;
  takeKey(key: CryptoKey): Promise<void>;
  giveKeyBack(): Promise<void>;
  /** Nothing of it is left, here or on the server. */
  remove(): Promise<void>;
};

/** Ciphertext that tells whether a key is the one. */
export type Lock = { kind: Kind; text: string };

/** null: it is under the place's key. Throws ApiError. */
export async function lockOf(thing: Thing): Promise<Lock | null> {
  if (thing === 'plan') {
    const { locked } = await api.get<Body<'OwnPlan'>>('/api/me/plan');
    return locked ? { kind: 'plan', text: locked } : null;
  }
  const { proof } = await api.get<Body<'JournalLock'>>('/api/me/journal/lock');
  return proof ? { kind: 'key', text: proof } : null;
}

export function opens(key: CryptoKey, member: string, { kind, text }: Lock): Promise<boolean> {
  return unlock(key, kind, member, text).then(
    () => true,
    () => false,
  );
}

/** One of the two needs it no longer: it goes, unless the other does. */
export async function letGoOfKey({ member, sibling }: Keyed): Promise<void> {
  const stays = await lockOf(sibling).catch(() => true);
  if (!stays) await keepKey(member, null);
}

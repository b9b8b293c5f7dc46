/**
 * One member's plan as this browser last had it, and the key that only they hold: for an hour without a line.
 *
 * The copy is sealed under a key that the browser makes. All of it goes with what else is kept
 * of a member here (see live/keeping.ts). Nothing here fails: then there is no copy.
 */
import type { Plan } from './types.ts';

export const SHELF = 'hearth-plan';

type Row = {
  member: string;
  key: CryptoKey;
  ownKey: CryptoKey | null;
  copy: { iv: Uint8Array<ArrayBuffer>; bytes: ArrayBuffer } | null;
};
/** unsaved: not yet with the server, and written in place of `version`. */
export type Copy = { plan: Plan; version: number; unsaved: boolean };
export type Kept = { copy: Copy | null; ownKey: CryptoKey | null };

const NOTHING: Kept = { copy: null, ownKey: null };
let tail: Promise<unknown> = Promise.resolve();

/** What another left is not handed out. */
export function read(member: string): Promise<Kept> {
  return then(async () => {
    const row = await find(member);
    return row ? { copy: await opened(row), ownKey: row.ownKey } : NOTHING;
  }, NOTHING);
}

/** Answers whether it is there after a reload. */
export function keepCopy(member: string, copy: Copy | null): Promise<boolean> {
  return change(member, async (row) => ({ ...row, copy: copy && (await sealed(row, copy)) }));
}

export function keepKey(member: string, ownKey: CryptoKey | null): Promise<boolean> {
  return change(member, (row) => Promise.resolve({ ...row, ownKey }));
}

function change(member: string, to: (row: Row) => Promise<Row>): Promise<boolean> {
  return then(async () => {
    const row = await to((await find(member)) ?? (await fresh(member)));
    await inStore('readwrite', (store) => store.put(row, 'own'));
    return true;
  }, false);
}

function then<Answer>(act: () => Promise<Answer>, otherwise: Answer): Promise<Answer> {
  const done = tail.then(act).catch(() => otherwise);
  tail = done;
  return done;
}

async function find(member: string): Promise<Row | null> {
  const row = await inStore<Row | undefined>('readonly', (store) => store.get('own'));
  return row?.member === member ? row : null;
}

async function fresh(member: string): Promise<Row> {
  const use: KeyUsage[] = ['encrypt', 'decrypt'];
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, use);
  return { member, key, ownKey: null, copy: null };
}

async function sealed({ key, member }: Row, copy: Copy): Promise<Row['copy']> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(copy));
  return { iv, bytes: await crypto.subtle.encrypt(how(iv, member), key, plain) };
}

async function opened({ key, member, copy }: Row): Promise<Copy | null> {
  if (!copy) return null;
  const plain = await crypto.subtle.decrypt(how(copy.iv, member), key, copy.bytes);
  return JSON.parse(new TextDecoder().decode(plain)) as Copy;
}

function how(iv: Uint8Array<ArrayBuffer>, member: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`copy|${member}`) };
}

/** Opened for each thing and closed again: whoever wipes it waits for nobody. */
async function inStore<Result>(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest,
): Promise<Result> {
  const opening = indexedDB.open(SHELF, 1);
  opening.onupgradeneeded = () => void opening.result.createObjectStore('kept');
  await over(opening);
  const database = opening.result;
  try {
    const transaction = database.transaction('kept', mode, { durability: 'strict' });
    const request = ask(transaction.objectStore('kept'));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => {
        resolve();
      };
      transaction.onerror = transaction.onabort = () => {
        reject(transaction.error ?? new Error('not kept'));
      };
    });
    return request.result as Result;
  } finally {
    database.close();
  }
}

function over(request: IDBOpenDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve();
    };
    request.onerror = () => {
      reject(request.error ?? new Error('not kept'));
    };
  });
}

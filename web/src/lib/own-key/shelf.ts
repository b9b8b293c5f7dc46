/**
 * What this browser keeps of one member's own: the key that only they hold, their plan for an hour
 * without a line, and words that are not saved yet.
 *
 * The words are sealed under a key that the browser makes. All of it goes with what else is kept
 * of a member here (see live/keeping.ts). Nothing here fails: then there is no copy.
 */
import type { Kind } from './own-key.ts';

/** From when there was only a plan. */
const SHELF = 'hearth-plan';

type Sealed = { iv: Uint8Array<ArrayBuffer>; bytes: ArrayBuffer };
type Row = {
  member: string;
  key: CryptoKey;
  ownKey: CryptoKey | null;
  words?: Partial<Record<Kind, Sealed>>;
};

let tail: Promise<unknown> = Promise.resolve();

/** What another left is not handed out. */
export function readKey(member: string): Promise<CryptoKey | null> {
  return then(async () => (await find(member))?.ownKey ?? null, null);
}

export function keepKey(member: string, ownKey: CryptoKey | null): Promise<boolean> {
  return change(member, (row) => Promise.resolve({ ...row, ownKey }));
}

export function readWords<What>(member: string, kind: Kind): Promise<What | null> {
  return then(async () => {
    const row = await find(member);
    const sealed = row?.words?.[kind];
    return row && sealed ? await opened<What>(row, kind, sealed) : null;
  }, null);
}

/** Answers whether it is there after a reload. */
export function keepWords(member: string, kind: Kind, what: unknown): Promise<boolean> {
  return change(member, async (row) => ({
    ...row,
    words: { ...row.words, [kind]: what === null ? undefined : await sealed(row, kind, what) },
  }));
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
  return { member, key, ownKey: null };
}

async function sealed({ key, member }: Row, kind: Kind, what: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(what));
  return { iv, bytes: await crypto.subtle.encrypt(how(iv, kind, member), key, plain) };
}

async function opened<What>({ key, member }: Row, kind: Kind, sealed: Sealed): Promise<What> {
  const plain = await crypto.subtle.decrypt(how(sealed.iv, kind, member), key, sealed.bytes);
  return JSON.parse(new TextDecoder().decode(plain)) as What;
}

function how(iv: Uint8Array<ArrayBuffer>, kind: Kind, member: string): AesGcmParams {
  const additionalData = new TextEncoder().encode(`copy|${kind}|${member}`);
  return { name: 'AES-GCM', iv, additionalData };
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

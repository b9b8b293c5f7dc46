/**
 * What one member has not sent yet, is writing, or asked for, kept by this browser over reloads and closed tabs.
 *
 * Each entry is sealed (AES-256-GCM) under a key that the browser makes and never hands out; both go
 * together. Nothing is kept where there is no IndexedDB or no secure line, and nothing here fails:
 * then words live as long as the page, and `works` says so.
 */
import type { ActFrame } from './acts.svelte.ts';
import type { Entry } from './outbox.ts';

const NAME = 'hearth-outbox';
const VERSION = 2;
const STORES = ['about', 'entries', 'drafts', 'acts'] as const;

type About = { member: string; key: CryptoKey };
type Sealed = { iv: Uint8Array<ArrayBuffer>; bytes: ArrayBuffer };
type Store = 'entries' | 'drafts' | 'acts';
type Kept = { entries: Entry[]; drafts: Map<string, string>; acts: ActFrame[] };

export class Keeping {
  /** Whether what is written here is there after a reload. */
  works = false;

  #database: IDBDatabase | null = null;
  #key: CryptoKey | null = null;
  /** One thing after the other: what is dropped must not be written after it. */
  #tail: Promise<unknown> = Promise.resolve();

  static get possible(): boolean {
    return typeof indexedDB !== 'undefined' && typeof crypto.subtle !== 'undefined';
  }

  /** Open for this member; what another left is wiped first. Answers what was kept. */
  open(member: string): Promise<Kept> {
    return this.#then(async () => {
      const about = await this.#about();
      if (about && about.member !== member) await this.#wipe();
      await this.#unlock(about?.member === member ? about : null, member);
      return {
        entries: (await this.#all<Entry>('entries')).map(([, entry]) => entry),
        drafts: new Map(await this.#all<string>('drafts')),
        acts: (await this.#all<ActFrame>('acts')).map(([, frame]) => frame),
      };
    }, empty());
  }

  /** Answers whether it is on the disk: not before may anybody be told that it outlives the page. */
  put(entry: Entry): Promise<boolean> {
    return this.#then(() => this.#seal('entries', entry.clientId, entry), false);
  }

  drop(clientId: string): void {
    void this.#then(() => this.#delete('entries', clientId), undefined);
  }

  putAct(name: string, frame: ActFrame): void {
    void this.#then(() => this.#seal('acts', name, frame), undefined);
  }

  dropAct(name: string): void {
    void this.#then(() => this.#delete('acts', name), undefined);
  }

  putDraft(place: string, text: string): void {
    const change = async () => {
      if (text) await this.#seal('drafts', place, text);
      else await this.#delete('drafts', place);
    };
    void this.#then(change, undefined);
  }

  /** Nothing of anybody is left, the key neither. */
  wipe(): Promise<void> {
    return this.#then(() => this.#wipe(), undefined);
  }

  /** Whose words are kept here, if anybody's. */
  owner(): Promise<string | null> {
    return this.#then(async () => (await this.#about())?.member ?? null, null);
  }

  #then<Answer>(act: () => Promise<Answer>, otherwise: Answer): Promise<Answer> {
    if (!Keeping.possible) return Promise.resolve(otherwise);
    const done = this.#tail.then(act).catch(() => {
      this.works = false;
      return otherwise;
    });
    this.#tail = done;
    return done;
  }

  async #about(): Promise<About | null> {
    this.#database ??= await this.#open();
    const found = await answer<About | undefined>(this.#store('about').get('about'));
    return found ?? null;
  }

  async #unlock(about: About | null, member: string): Promise<void> {
    const key = about?.key ?? (await newKey());
    if (!about) {
      this.#database ??= await this.#open();
      await answer(this.#store('about', 'readwrite').put({ member, key }, 'about'));
    }
    this.#key = key;
    this.works = true;
  }

  async #open(): Promise<IDBDatabase> {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      for (const store of STORES)
        if (!request.result.objectStoreNames.contains(store))
          request.result.createObjectStore(store);
    };
    const database = await answer(request);
    // Another tab wipes: let it.
    database.onversionchange = () => {
      this.#close();
    };
    return database;
  }

  #close(): void {
    this.#database?.close();
    this.#database = null;
    this.#key = null;
    this.works = false;
  }

  async #wipe(): Promise<void> {
    this.#database ??= await this.#open();
    const all = this.#database.transaction(STORES, 'readwrite');
    await Promise.all(STORES.map((store) => answer(all.objectStore(store).clear())));
    this.#close();
    await answer(indexedDB.deleteDatabase(NAME));
    // One's own key, plan and journal, see own-key/shelf.ts: no room carries its code.
    await answer(indexedDB.deleteDatabase('hearth-plan'));
  }

  async #seal(store: Store, name: string, what: unknown): Promise<boolean> {
    if (!this.#key || !this.#database) return false;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify(what));
    const how = { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(store + name) };
    const bytes = await crypto.subtle.encrypt(how, this.#key, plain);
    await written(this.#store(store, 'readwrite').put({ iv, bytes } satisfies Sealed, name));
    return true;
  }

  async #all<One>(store: Store): Promise<[string, One][]> {
    const names = (await answer(this.#store(store).getAllKeys())) as string[];
    const found = await answer<Sealed[]>(this.#store(store).getAll());
    const opened = found.map(async (sealed, index): Promise<[string, One][]> => {
      const name = names[index] ?? '';
      const what = await this.#unseal<One>(store, name, sealed);
      return what === null ? [] : [[name, what]];
    });
    return (await Promise.all(opened)).flat();
  }

  async #unseal<One>(store: Store, name: string, { iv, bytes }: Sealed): Promise<One | null> {
    if (!this.#key) return null;
    try {
      const how = { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(store + name) };
      const plain = await crypto.subtle.decrypt(how, this.#key, bytes);
      return JSON.parse(new TextDecoder().decode(plain)) as One;
    } catch {
      return null;
    }
  }

  async #delete(store: Store, name: string): Promise<void> {
    if (this.#database) await written(this.#store(store, 'readwrite').delete(name));
  }

  #store(name: Store | 'about', mode: IDBTransactionMode = 'readonly'): IDBObjectStore {
    if (!this.#database) throw new Error('closed');
    // Durable: on the disk before it is answered, not only handed to the system.
    return this.#database.transaction(name, mode, { durability: 'strict' }).objectStore(name);
  }
}

function empty(): Kept {
  return { entries: [], drafts: new Map(), acts: [] };
}

function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

function answer<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('not kept'));
    };
  });
}

/** A change is answered before it is made: until its transaction is over, a page that closes undoes it. */
function written(request: IDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const change = request.transaction;
    if (!change) return void resolve();
    change.oncomplete = () => {
      resolve();
    };
    change.onerror = change.onabort = () => {
      reject(change.error ?? new Error('not kept'));
    };
  });
}

export const keeping = new Keeping();

/** One's own journal while it is open: what stands on the server, and whose key it is under. */

import { api, ApiError } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';
import { letGoOfKey, opens, type Keyed } from '#lib/own-key/keyed.ts';
import { keyOf, lock, unlock } from '#lib/own-key/own-key.ts';
import { keepKey, readKey } from '#lib/own-key/shelf.ts';

const PATH = '/api/me/journal';
/** Answers to the questions of the guard stand beside free words. */
export const QUESTIONS = ['now', 'stays', 'helps'] as const;
const FIELDS = ['words', ...QUESTIONS] as const;

type Lock = Body<'JournalLock'>;
type Page = Body<'Journal'>;
type Kept = Body<'JournalEntry'>;
export type Said = Partial<Record<(typeof FIELDS)[number], string>>;
/** said: null where nobody can read it any more. */
export type Entry = { id: string; at: string; said: Said | null };

/** It is under a key that this device does not have. */
export class NoKey extends Error {}

export class Book implements Keyed {
  readonly sibling = 'plan';
  state = $state<'loading' | 'unreachable' | 'locked' | 'open'>('loading');
  /** Newest first. */
  entries = $state.raw<Entry[]>([]);
  more = $state(false);
  isOwnKey = $state(false);

  #lock: Lock = { version: 0, proof: null };
  #key: CryptoKey | null = null;

  constructor(readonly member: string) {}

  async load(): Promise<void> {
    try {
      const page = await api.get<Page>(PATH);
      if (await this.#take(page)) await this.#show(page, []);
    } catch {
      this.state = 'unreachable';
    }
  }

  /** The hundred before these. Throws ApiError. */
  async further(): Promise<void> {
    const page = await this.#before(this.entries.at(-1)?.id);
    if (await this.#take(page)) await this.#show(page, this.entries);
  }

  /** Under one client_id once, however often it is sent. Throws ApiError, and NoKey: then nothing is kept. */
  async write(said: Said, client_id: string): Promise<void> {
    if (!(await this.#take(await api.get<Lock>(`${PATH}/lock`)))) throw new NoKey();
    const { version } = this.#lock;
    const words = this.#key ? { version, locked: await this.#locked(this.#key, said) } : said;
    const { id, at } = await api.post<Kept>(PATH, { client_id, ...words });
    this.entries = [{ id, at, said }, ...this.entries.filter((entry) => entry.id !== id)];
  }

  /** Throws ApiError. */
  async erase(id: string): Promise<void> {
    await api.delete(`${PATH}/${id}`);
    this.entries = this.entries.filter((entry) => entry.id !== id);
  }

  async enter(code: string): Promise<void> {
    const key = await keyOf(code);
    await unlock(key, 'key', this.member, this.#lock.proof ?? '');
    this.#key = key;
    await keepKey(this.member, key);
    await this.load();
  }

  /** All of it in one step: from here on only this key opens it. Throws ApiError, and then nothing has changed. */
  async takeKey(key: CryptoKey): Promise<void> {
    await this.#turn(key);
    await keepKey(this.member, key);
  }

  /** Back to the place's key. Throws ApiError, and then nothing has changed. */
  async giveKeyBack(): Promise<void> {
    await this.#turn(null);
    await letGoOfKey(this);
  }

  async remove(): Promise<void> {
    await api.delete(PATH);
    await letGoOfKey(this);
    await this.load();
  }

  /** What was written elsewhere meanwhile is refused by the server, never left behind. */
  async #turn(key: CryptoKey | null): Promise<void> {
    const { version } = this.#lock;
    const entries = await Promise.all((await this.#all()).map((entry) => this.#under(key, entry)));
    const proof = key && (await lock(key, 'key', this.member, null));
    this.#lock = await api.put<Lock>(`${PATH}/lock`, { version, proof, entries });
    this.#key = key;
    this.isOwnKey = key !== null;
  }

  async #under(key: CryptoKey | null, { id, said }: Entry): Promise<Body<'TurnedEntry'>> {
    if (!said) return { id };
    return key ? { id, locked: await this.#locked(key, said) } : { id, ...said };
  }

  async #all(): Promise<Entry[]> {
    const all: Entry[] = [];
    for (let more = true; more;) {
      const page = await this.#before(all.at(-1)?.id);
      if (page.version !== this.#lock.version) throw new ApiError(409, 'stale', '');
      all.push(...(await this.#opened(page)));
      more = page.more;
    }
    return all;
  }

  #before(id: string | undefined): Promise<Page> {
    return api.get<Page>(id ? `${PATH}?before=${id}` : PATH);
  }

  /** Whether this device can read it. */
  async #take({ version, proof }: Lock): Promise<boolean> {
    const text = proof;
    const key = text === null ? null : (this.#key ?? (await readKey(this.member)));
    const fits = key && text && (await opens(key, this.member, { kind: 'key', text }));
    this.#lock = { version, proof };
    this.#key = fits ? key : null;
    this.isOwnKey = proof !== null;
    if (this.isOwnKey && !fits) this.state = 'locked';
    return !this.isOwnKey || this.#key !== null;
  }

  async #show(page: Page, newer: Entry[]): Promise<void> {
    this.entries = [...newer, ...(await this.#opened(page))];
    this.more = page.more;
    this.state = 'open';
  }

  #opened({ entries }: Page): Promise<Entry[]> {
    return Promise.all(
      entries.map(async (kept) => ({ id: kept.id, at: kept.at, said: await this.#saidIn(kept) })),
    );
  }

  async #saidIn(kept: Kept): Promise<Said | null> {
    if (kept.locked) return this.#key && this.#unlocked(this.#key, kept.locked).catch(() => null);
    const filled = FIELDS.flatMap((field) => (kept[field] ? [[field, kept[field]] as const] : []));
    return filled.length ? Object.fromEntries(filled) : null;
  }

  #locked(key: CryptoKey, said: Said): Promise<string> {
    return lock(key, 'journal', this.member, said);
  }

  #unlocked(key: CryptoKey, locked: string): Promise<Said> {
    return unlock<Said>(key, 'journal', this.member, locked);
  }
}

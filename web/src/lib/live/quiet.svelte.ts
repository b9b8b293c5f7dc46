/** Whom and what this member does not want to hear. Their words keep their place and are folded away. */
import { api } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';
import { unheard, type Spoken, type Unheard } from './unheard.ts';
import { comfort } from './comfort.svelte.ts';

const NOTHING: Body<'Quiet'> = { people: [], topics: [] };

class QuietList {
  list = $state.raw(NOTHING);

  #loading: Promise<void> | null = null;

  readonly #unheard = $derived({
    people: new Set(this.list.people.map((person) => person.id)),
    topics: this.list.topics.map((topic) => topic.words),
  } satisfies Unheard);

  /** Read it once, before the first words are shown; what cannot be read does not keep a room shut. */
  ready(): Promise<void> {
    this.#loading ??= this.refresh();
    return this.#loading;
  }

  async refresh(): Promise<void> {
    try {
      this.list = await api.get<Body<'Quiet'>>('/api/me/quiet');
    } catch {
      this.#loading = null;
    }
  }

  forget(): void {
    this.list = NOTHING;
    this.#loading = null;
  }

  /** Why a message is folded away, if it is. */
  why(message: Spoken): 'person' | 'topic' | null {
    const muted =
      message.author.role === 'peer' && comfort.choiceOf(message.content_note) === 'mute';
    return unheard(this.#unheard, message) ?? (muted ? 'topic' : null);
  }

  isMuted(name: string): boolean {
    return this.list.people.some((person) => person.name === name);
  }

  async putPerson(person: string, blocked: boolean): Promise<void> {
    this.list = await api.put<Body<'Quiet'>>(`/api/me/quiet/people/${person}`, { blocked });
  }

  async hearAgain(person: string): Promise<void> {
    this.list = await api.delete<Body<'Quiet'>>(`/api/me/quiet/people/${person}`);
  }

  async addTopic(words: string): Promise<void> {
    this.list = await api.post<Body<'Quiet'>>('/api/me/quiet/topics', { words });
  }

  async removeTopic(topic: string): Promise<void> {
    this.list = await api.delete<Body<'Quiet'>>(`/api/me/quiet/topics/${topic}`);
  }
}

export const quiet = new QuietList();

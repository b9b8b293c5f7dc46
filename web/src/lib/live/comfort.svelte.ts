/** How this member likes these pages: theirs on every device. Two of it this browser keeps, for before log-in. */
import { api } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';
import type { Choice, Choices, Topic } from '#lib/compose/topics.ts';
import { currentLocale, setPlainWords } from '#lib/i18n/index.svelte.ts';

type Comfort = Required<Body<'Comfort'>>;
type Mode = 'plain' | 'calm';
type Notes = typeof import('#lib/compose/topics.ts');

const NOTHING: Comfort = {
  language: null,
  plain: false,
  calm: false,
  breaks: true,
  practised: true,
  topics: [],
};

class WaysList {
  is = $state.raw<Comfort>({ ...NOTHING, plain: isKept('plain'), calm: isKept('calm') });

  #loading: Promise<void> | null = null;
  #list = $state.raw<Notes | null>(null);

  readonly topics: Choices = $derived(
    new Map(this.is.topics.map(({ topic, choice }) => [topic, choice])),
  );

  /** Before the first drawing: as this browser was asked before. */
  async start(): Promise<void> {
    await this.#show();
  }

  /** Read them once, before the first words are shown; what cannot be read keeps no room shut. */
  ready(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  forget(): void {
    const { plain, calm } = this.is;
    this.is = { ...NOTHING, plain, calm };
    this.#loading = null;
  }

  /** How a message behind this note meets the reader; folded, until the list of topics is here. */
  choiceOf(note: string | null | undefined): Choice {
    return note ? (this.#notes()?.choiceOf(note, this.topics) ?? 'fold') : 'show';
  }

  /** A note in the reader's own language. */
  noteIn(note: string): string {
    return this.#notes()?.noteIn(note, currentLocale()) ?? note;
  }

  /** Fetched with the first note, not with the room. */
  #notes(): Notes | null {
    if (!this.#list)
      void import('#lib/compose/topics.ts').then(
        (list) => (this.#list = list),
        () => undefined,
      );
    return this.#list;
  }

  /** Before log-in: for this browser. */
  async chooseHere(mode: Mode, on: boolean): Promise<void> {
    this.is = { ...this.is, [mode]: on };
    await this.#show();
  }

  async change(patch: Body<'ComfortPatch'>): Promise<void> {
    this.is = whole(await api.patch<Body<'Comfort'>>('/api/me/comfort', patch));
    await this.#show();
  }

  chooseTopic(topic: Topic, choice: Choice): Promise<void> {
    const others = this.is.topics.filter((each) => each.topic !== topic);
    return this.change({ topics: [...others, { topic, choice }] });
  }

  async #load(): Promise<void> {
    try {
      const { plain, calm } = this.is;
      this.is = whole(await api.get<Body<'Comfort'>>('/api/me/comfort'));
      const language = currentLocale();
      // The place writes to somebody in the language in which they read it last.
      // No room waits for that.
      if (this.is.language === language) await this.#show();
      else void this.#speak(this.is.language ? { language } : { language, plain, calm });
      // Whoever mutes a topic does not hear its name first.
      if (this.is.topics.length) this.#list ??= await import('#lib/compose/topics.ts');
    } catch {
      this.#loading = null;
    }
  }

  async #speak(patch: Body<'ComfortPatch'>): Promise<void> {
    try {
      await this.change(patch);
    } catch {
      this.#loading = null;
    }
  }

  async #show(): Promise<void> {
    const { plain, calm } = this.is;
    keep('plain', plain);
    keep('calm', calm);
    if (calm) still();
    else delete document.documentElement.dataset['calm'];
    await setPlainWords(plain);
  }
}

/** Muted colours and nothing that moves, by a sheet that only those fetch who asked for it. */
function still(): void {
  document.documentElement.dataset['calm'] = '';
  if (document.getElementById('calm')) return;
  const link = document.createElement('link');
  Object.assign(link, { id: 'calm', rel: 'stylesheet', href: '/calm.css' });
  document.head.append(link);
}

function whole(comfort: Body<'Comfort'>): Comfort {
  return { ...NOTHING, ...comfort };
}

function isKept(mode: Mode): boolean {
  try {
    return localStorage.getItem(`hearth.${mode}-way`) === '1';
  } catch {
    return false;
  }
}

function keep(mode: Mode, on: boolean): void {
  try {
    if (on) localStorage.setItem(`hearth.${mode}-way`, '1');
    else localStorage.removeItem(`hearth.${mode}-way`);
  } catch {
    // Then it holds until the page is closed, or the member comes back.
  }
}

export const comfort = new WaysList();

/** How this person likes to work, kept on this device only. */

const STORE = 'hearth.staff';

type Kept = { sound: boolean; veil: boolean; keys: boolean };

const DEFAULTS: Kept = { sound: true, veil: true, keys: true };

function read(): Kept {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(STORE) ?? '{}') as Partial<Kept>) };
  } catch {
    return DEFAULTS;
  }
}

class Prefs {
  #kept = $state<Kept>(read());

  /** A case of urgency "now" rings. */
  get sound(): boolean {
    return this.#kept.sound;
  }

  /** Words of a case are veiled until asked for. */
  get veil(): boolean {
    return this.#kept.veil;
  }

  /** Single keys act at once (WCAG 2.1.4: they can be turned off). */
  get keys(): boolean {
    return this.#kept.keys;
  }

  set(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    try {
      localStorage.setItem(STORE, JSON.stringify(this.#kept));
    } catch {
      // A browser that keeps nothing still keeps it for this page.
    }
  }
}

export const prefs = new Prefs();

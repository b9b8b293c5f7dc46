/** Leaving fast: a harmless page in place of this one, and a plain name and icon for whoever wants them. */
import { t } from '#lib/i18n/index.svelte.ts';

const LEFT = 'hearth.left';
const PLAIN = 'hearth.plain';
/** The server's own pages read it: the crisis page and the plain rooms. */
const COOKIE = 'hearth-look';
const YEAR_S = 365 * 24 * 3_600;
const PRESSES = 3;
const WITHIN_MS = 1_500;

/** The page goes at once, whatever the line does; `/leave` says where to. */
export function leave(): void {
  keep(sessionStorageOrNull(), LEFT, true);
  document.body.replaceChildren();
  location.replace('/leave');
}

/** Escape three times. A page that was left is not shown again by going back. */
export function watchForLeaving(): void {
  let presses: number[] = [];
  addEventListener(
    'keydown',
    (event) => {
      if (event.repeat) return;
      const since = event.timeStamp - WITHIN_MS;
      presses = event.key === 'Escape' ? [...presses, event.timeStamp] : [];
      presses = presses.filter((at) => at >= since);
      if (presses.length >= PRESSES) leave();
    },
    { capture: true },
  );
  addEventListener('pageshow', (event) => {
    if (event.persisted && isKept(sessionStorageOrNull(), LEFT)) leave();
  });
  stayAway();
  look.apply();
}

function stayAway(): void {
  const [how] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (how?.type === 'back_forward' && isKept(sessionStorageOrNull(), LEFT)) leave();
  else keep(sessionStorageOrNull(), LEFT, false);
}

/** How this place looks in a row of tabs and on a home screen: this device's own choice. */
class Look {
  isPlain = $state(isKept(localStorageOrNull(), PLAIN));

  #watcher: MutationObserver | null = null;

  choose(isPlain: boolean): void {
    this.isPlain = isPlain;
    keep(localStorageOrNull(), PLAIN, isPlain);
    this.apply();
  }

  apply(): void {
    document.cookie = `${COOKIE}=plain; Max-Age=${this.isPlain ? YEAR_S : 0}; Path=/; SameSite=Lax`;
    const icon = this.isPlain ? '/plain' : '/icon';
    point('icon', this.isPlain ? '/plain.svg' : '/favicon.svg');
    point('apple-touch-icon', `${icon}-192.png`);
    point('manifest', this.isPlain ? '/manifest.webmanifest?plain=1' : '/manifest.webmanifest');
    this.#watcher?.disconnect();
    this.#watcher = this.isPlain ? new MutationObserver(nameless) : null;
    this.#watcher?.observe(document.head, { childList: true, subtree: true, characterData: true });
    if (this.isPlain) nameless();
  }
}

function nameless(): void {
  const title = t('leave.plain.title');
  if (document.title !== title) document.title = title;
}

function point(rel: string, href: string): void {
  document.querySelector<HTMLLinkElement>(`link[rel="${rel}"]`)?.setAttribute('href', href);
}

function sessionStorageOrNull(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

function localStorageOrNull(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function isKept(storage: Storage | null, name: string): boolean {
  return storage?.getItem(name) === '1';
}

function keep(storage: Storage | null, name: string, is: boolean): void {
  try {
    if (is) storage?.setItem(name, '1');
    else storage?.removeItem(name);
  } catch {
    // Full: then it is not remembered.
  }
}

export const look = new Look();

/** Words not yet sent, one draft per room: in this tab, and sealed in the browser's store for the next one. */
import { keeping } from './keeping.ts';

const PREFIX = 'hearth.draft.';
const OWNER = 'hearth.drafts.of';

export function readDraft(room: string): string {
  try {
    return sessionStorage.getItem(PREFIX + room) ?? '';
  } catch {
    return '';
  }
}

export function keepDraft(room: string, text: string): void {
  keeping.putDraft(room, text);
  try {
    if (text) sessionStorage.setItem(PREFIX + room, text);
    else sessionStorage.removeItem(PREFIX + room);
  } catch {
    // Storage is switched off or full: the draft lives as long as the page.
  }
}

/** What an earlier tab was writing, where this one writes nothing yet. */
export function adoptDrafts(kept: ReadonlyMap<string, string>): void {
  try {
    for (const [room, text] of kept)
      if (!sessionStorage.getItem(PREFIX + room)) sessionStorage.setItem(PREFIX + room, text);
  } catch {
    // They come with the next tab.
  }
}

/** At log-out: nothing of one member may wait for the next. */
export function forgetDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage))
      if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}

/** Whose drafts are kept here: a member's id, or null. */
export function draftsOwner(): string | null {
  try {
    return sessionStorage.getItem(OWNER);
  } catch {
    return null;
  }
}

export function ownDrafts(member: string): void {
  try {
    sessionStorage.setItem(OWNER, member);
  } catch {
    // Then drafts live as long as the page, and so does their owner.
  }
}

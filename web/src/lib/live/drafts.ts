/** Words not yet sent, one draft per room. They stay in this tab and go with it. */

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
  try {
    if (text) sessionStorage.setItem(PREFIX + room, text);
    else sessionStorage.removeItem(PREFIX + room);
  } catch {
    // Storage is switched off or full: the draft lives as long as the page.
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

/** In which language the rooms of the list are to be; empty: every one. Kept in this browser only. */
const KEY = 'hearth.rooms.language';

export function keptChoice(): string {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

export function keepChoice(language: string): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Then it holds until the page is closed.
  }
}

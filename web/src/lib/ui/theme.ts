/** Light, dark, or as the device has it. Kept in this browser only. */
export type Look = 'auto' | 'light' | 'dark';

const KEY = 'hearth.look';

export function readLook(): Look {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'auto';
  } catch {
    return 'auto';
  }
}

export function applyLook(look: Look): void {
  if (look === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = look;
}

export function keepLook(look: Look): void {
  applyLook(look);
  try {
    if (look === 'auto') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, look);
  } catch {
    // Then it holds until the page is closed.
  }
}

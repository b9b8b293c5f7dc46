/** What a call looks like on this device: generic words, chosen here, kept where the worker finds them. */

export type Shown = { title: string; body: string };
export type Quiet = { start: number; end: number };
export type Kept = Shown & { quiet: Quiet | null };

const STORE = 'hearth-push';
const AT = '/kept-for-calls';
const DEVICE = '/kept-device';
/** Where a call leads that cannot be read: a page that all members have. */
const ANYBODY = '/rooms';

/** Words of this device, or else those of the message, and a path of our own; nothing else is shown. */
export function shownFor(message: unknown, kept: Kept | null): Shown & { path: string } {
  const said = typeof message === 'object' && message !== null ? message : {};
  const words = 'words' in said && typeof said.words === 'string' ? said.words : '';
  const path = 'path' in said && typeof said.path === 'string' ? said.path : '';
  return {
    title: kept?.title ?? 'Hearth',
    body: kept?.body ?? words,
    path: /^\/(?!\/)[\w/-]*$/.test(path) ? path : ANYBODY,
  };
}

export async function keep(kept: Kept): Promise<void> {
  const store = await caches.open(STORE);
  await store.put(AT, new Response(JSON.stringify(kept)));
}

export async function kept(): Promise<Kept | null> {
  try {
    const found = await (await caches.open(STORE)).match(AT);
    return found ? ((await found.json()) as Kept) : null;
  } catch {
    return null;
  }
}

/** The id under which the server knows this browser now, where the worker subscribed it again. */
export async function keepDevice(id: string): Promise<void> {
  const store = await caches.open(STORE);
  await store.put(DEVICE, new Response(id));
}

export async function keptDevice(): Promise<string | null> {
  try {
    const found = await (await caches.open(STORE)).match(DEVICE);
    return found ? await found.text() : null;
  } catch {
    return null;
  }
}

export async function forgetKept(): Promise<void> {
  await caches.delete(STORE);
}

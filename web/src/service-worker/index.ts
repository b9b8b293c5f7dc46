/**
 * Opens the app without a line, and shows calls. It keeps the files of one version, the help lines and
 * a page to leave to: the same for everybody. Nothing that a member reads or writes goes through it.
 */
import { immutable } from '$app/manifest';
import { version } from '$app/env';
import { keepDevice, kept, shownFor } from '../lib/push/shown.ts';
import { newDevice } from '../lib/push/subscription.ts';

const worker = self as unknown as ServiceWorkerGlobalScope;

const PREFIX = 'hearth-files-';
const FILES = PREFIX + version;
const SHELL = '/index.html';
/** Pages of the server that open without a line, too. */
const PAGES = ['/crisis', '/kitchen'];
const BESIDE = [
  '/crisis.css',
  '/kitchen.css',
  '/splash.css',
  '/favicon.svg',
  '/plain.svg',
  '/leave.js',
];
/** Where "Leave" leads without a line. */
const OTHERWISE: Record<string, string> = { '/leave': '/kitchen' };
/** The server's own addresses: never the app's page. */
const SERVERS = /^\/(api|plain|ws|metrics|openapi)(\/|$)/;

worker.addEventListener('install', (event) => {
  event.waitUntil(keepFiles());
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([forgetOldFiles(), worker.clients.claim()]));
});

worker.addEventListener('message', (event) => {
  if (event.data === 'take over') void worker.skipWaiting();
});

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (url.pathname.startsWith('/_app/immutable/')) event.respondWith(keptFirst(event.request));
  else if (BESIDE.includes(url.pathname))
    event.respondWith(freshFirst(event.request, url.pathname));
  else if (event.request.mode === 'navigate' && !SERVERS.test(url.pathname))
    event.respondWith(freshFirst(event.request, pageFor(url.pathname)));
});

function pageFor(path: string): string {
  return OTHERWISE[path] ?? (PAGES.includes(path) ? path : SHELL);
}

/** All or nothing. Asked as a stranger, so that what is kept is nobody's. */
async function keepFiles(): Promise<void> {
  const files = await caches.open(FILES);
  const paths = [SHELL, ...PAGES, ...BESIDE, ...immutable.map(({ path }) => path)];
  const absolute = paths.map((path) => new URL(path, worker.location.origin).href);
  await files.addAll(absolute.map((path) => new Request(path, { credentials: 'omit' })));
}

async function forgetOldFiles(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== FILES);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function keptFirst(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

/** What the server says, or without it what was kept. */
async function freshFirst(request: Request, path: string): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const found = await (await caches.open(FILES)).match(path);
    if (found) return found;
    throw error;
  }
}

worker.addEventListener('push', (event) => {
  event.waitUntil(show(event.data));
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(String((event.notification.data as { path: string }).path)));
});

worker.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil(subscribeAgain(event as PushSubscriptionChangeEvent));
});

async function show(data: PushMessageData | null): Promise<void> {
  const { title, body, path } = shownFor(read(data), await kept());
  const shown = {
    body,
    tag: 'hearth',
    renotify: true,
    icon: path === '/queue' ? '/favicon.svg' : '/plain.svg',
    data: { path },
  };
  await worker.registration.showNotification(title, shown);
}

/** A message that cannot be read is a call all the same. */
function read(data: PushMessageData | null): unknown {
  try {
    return data?.json() as unknown;
  } catch {
    return null;
  }
}

async function open(path: string): Promise<void> {
  const [page] = await worker.clients.matchAll({ type: 'window' });
  if (!page) return void (await worker.clients.openWindow(path));
  await page.focus();
  await page.navigate(path).catch(() => worker.clients.openWindow(path));
}

async function subscribeAgain(event: PushSubscriptionChangeEvent): Promise<void> {
  const key = event.oldSubscription?.options.applicationServerKey ?? null;
  const fresh =
    event.newSubscription ??
    (await worker.registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: key,
    }));
  const device = newDevice(fresh, (await kept())?.quiet ?? null);
  const answer = await fetch('/api/me/push', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(device),
  });
  if (answer.ok) await keepDevice(((await answer.json()) as { id: string }).id);
}

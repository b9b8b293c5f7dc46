/** Only for staff who asked to be called on this browser: it shows a call, and opens the page. It keeps nothing else. */
import { kept, shownFor } from '../lib/push/shown.ts';
import { newDevice } from '../lib/push/subscription.ts';

const worker = self as unknown as ServiceWorkerGlobalScope;

worker.addEventListener('install', () => void worker.skipWaiting());

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
  const shown = { body, tag: 'hearth', renotify: true, icon: '/favicon.svg', data: { path } };
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
  await fetch('/api/me/push', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(device),
  });
}

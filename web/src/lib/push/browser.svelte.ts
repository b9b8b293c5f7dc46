/** Whether this browser can be called, and is: the browser's own answers, and the server's list. */
import { api } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';
import { worker } from '#lib/offline/worker.svelte.ts';
import { forgetKept, keep, keepDevice, kept, keptDevice, type Quiet, type Shown } from './shown.ts';
import { newDevice } from './subscription.ts';

export type MyPush = Body<'MyPush'>;
export type PushDevice = Body<'PushDevice'>;

const PATH = '/api/me/push';
const MINE = 'hearth.push';

export class BrowserPush {
  mine = $state.raw<MyPush | null>(null);
  /** This browser's own row in the server's list. */
  device = $state.raw<PushDevice | null>(null);

  get others(): PushDevice[] {
    return this.mine?.devices.filter((device) => device.id !== this.device?.id) ?? [];
  }

  get possible(): boolean {
    return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
  }

  /** The browser was told never to ask again. */
  get refused(): boolean {
    return this.possible && Notification.permission === 'denied';
  }

  async load(): Promise<void> {
    this.mine = await api.get<MyPush>(PATH);
    const subscribed = this.possible && (await this.#subscription()) !== null;
    const id = subscribed ? ((await keptDevice()) ?? localStorage.getItem(MINE)) : null;
    if (id) localStorage.setItem(MINE, id);
    this.device = this.mine.devices.find((device) => device.id === id) ?? null;
  }

  /** Asks the browser, which asks the person. Answers whether they agreed. */
  async turnOn(shown: Shown): Promise<boolean> {
    if (!this.mine || (await Notification.requestPermission()) !== 'granted') return false;
    const registration = await worker.register();
    await navigator.serviceWorker.ready;
    const subscription = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: this.mine.key,
    });
    await keep({ ...shown, quiet: null });
    const device = await api.post<PushDevice>(PATH, newDevice(subscription, null));
    localStorage.setItem(MINE, device.id);
    await keepDevice(device.id);
    await this.load();
    return true;
  }

  async turnOff(id: string): Promise<void> {
    await api.delete(`${PATH}/${id}`);
    if (id === this.device?.id) await this.#forget();
    await this.load();
  }

  async beQuiet(id: string, quiet: Quiet | null): Promise<void> {
    await api.patch(`${PATH}/${id}`, { quiet });
    const before = await kept();
    if (before && id === this.device?.id) await keep({ ...before, quiet });
    await this.load();
  }

  async lookAs(shown: Shown): Promise<void> {
    await keep({ quiet: null, ...(await kept()), ...shown });
  }

  test(): Promise<void> {
    return api.post(`${PATH}/test`);
  }

  /** This browser is told nothing any more. */
  async forgetHere(): Promise<void> {
    const id = this.possible ? ((await keptDevice()) ?? localStorage.getItem(MINE)) : null;
    if (!id) return;
    await this.#forget();
    await api.delete(`${PATH}/${id}`);
  }

  async #forget(): Promise<void> {
    localStorage.removeItem(MINE);
    await (await this.#subscription())?.unsubscribe();
    await forgetKept();
  }

  async #subscription(): Promise<PushSubscription | null> {
    const registration = await navigator.serviceWorker.getRegistration();
    return (await registration?.pushManager.getSubscription()) ?? null;
  }
}

/** A browser's subscription as the server takes it. */

export type NewDevice = {
  endpoint: string;
  p256dh: string;
  auth: string;
  time_zone: string;
  quiet: { start: number; end: number } | null;
};

/** Raises TypeError when the browser gives no keys. */
export function newDevice(
  subscription: Pick<PushSubscription, 'toJSON'>,
  quiet: NewDevice['quiet'],
): NewDevice {
  const { endpoint, keys } = subscription.toJSON();
  const [p256dh, auth] = [keys?.['p256dh'], keys?.['auth']];
  if (!endpoint || !p256dh || !auth) throw new TypeError('a subscription without keys');
  return {
    endpoint,
    p256dh,
    auth,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    quiet,
  };
}

/** "22:30" as minutes of the day, and back. */
export function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

export function clockOf(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

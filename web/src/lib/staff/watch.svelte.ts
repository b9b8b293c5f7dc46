/** Watches for people who may be in danger now, on whatever page a moderator is. */
import { api } from '#lib/api/client.ts';
import type { ServerFrameOf } from '#lib/api/types.ts';
import { t } from '#lib/i18n/index.svelte.ts';
import { line } from '#lib/live/connection.svelte.ts';
import { session } from '#lib/session.svelte.ts';
import { chime } from './chime.svelte.ts';
import { guard } from './guard.svelte.ts';
import { prefs } from './prefs.svelte.ts';
import { calling } from './selection.ts';
import { settled } from './settled.ts';
import type { CaseLine, Queue } from './types.ts';
import { voice } from './voice.svelte.ts';

/** Without a live line we look by ourselves, this often. */
export const BLIND_LOOK_MS = 20_000;

class Watch {
  /** Cases of urgency "now" that nobody has. */
  waiting = $state.raw<CaseLine[]>([]);
  #known = new Set<string>();
  #lookSoon = settled(() => void this.look(), 250);

  get calls(): number {
    return this.waiting.length;
  }

  /** Watch until the answer is called. */
  start(): () => void {
    void this.look({ quietly: true });
    this.#askGuard();
    const stops = [
      line.on('queue', (frame) => {
        this.#hear(frame);
      }),
      line.onOpen(this.#lookSoon),
    ];
    const timer = setInterval(() => {
      if (line.state !== 'open') void this.look();
    }, BLIND_LOOK_MS);
    return () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    };
  }

  /** Ask who waits. Whoever is new to us rings, for the frame may have been lost with the line. */
  async look({ quietly = false } = {}): Promise<void> {
    try {
      const queue = await api.get<Queue>('/api/queue?urgency=now');
      this.waiting = calling(queue.cases);
    } catch {
      return; // The pages say that the line is down; the next look comes by itself.
    }
    const fresh = this.waiting.filter((waits) => !this.#known.has(waits.id));
    for (const waits of fresh) this.#known.add(waits.id);
    const first = fresh[0];
    if (first && !quietly)
      await this.#ring(t('staff.queue.alert', { room: first.room_name }), first.room);
  }

  #hear(frame: ServerFrameOf<'queue'>): void {
    const escalated = frame.state === 'escalated';
    const forMe = !frame.claimed_by_me && (!escalated || session.isClinician);
    if (frame.alert && forMe) {
      this.#known.add(frame.case);
      const words = t(escalated ? 'staff.queue.alert.escalated' : 'staff.queue.alert.plain');
      void this.#ring(words, frame.room);
    }
    // Whoever has just closed a crisis case may be offered a pause.
    if (frame.state === 'closed' && frame.urgency === 'now') this.#askGuard();
    this.#lookSoon();
  }

  #askGuard(): void {
    if (session.me?.on_shift) void guard.load().catch(() => undefined);
  }

  async #ring(words: string, room: string): Promise<void> {
    if (await guard.restsFrom(room)) return;
    if (prefs.sound) chime.play();
    voice.call(words);
  }
}

export const watch = new Watch();

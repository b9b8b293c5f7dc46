/** One's own plan while it is open: what stands on the server, what is being written, and whose key it is under. */

import { api, ApiError } from '#lib/api/client.ts';
import { letGoOfKey, type Keyed } from '#lib/own-key/keyed.ts';
import { keyOf, lock, unlock } from '#lib/own-key/own-key.ts';
import { keepKey, keepWords, readKey, readWords } from '#lib/own-key/shelf.ts';
import { emptyPlan, isTooMuch, planOf, STEPS, writtenOf } from './types.ts';
import type { Copy, OwnPlan, Plan, Written } from './types.ts';

const PATH = '/api/me/plan';
/** After this much quiet it is saved. */
const QUIET_MS = 800;

type State = 'loading' | 'unreachable' | 'locked' | 'open';
type Saved = 'nothing' | 'writing' | 'saved' | 'kept here' | 'not saved' | 'too much';

export class Writing implements Keyed {
  readonly sibling = 'journal';
  state = $state<State>('loading');
  saved = $state<Saved>('nothing');
  written = $state<Written>(writtenOf(emptyPlan()));
  /** Another tab or device was faster: what stands there. */
  other = $state.raw<Plan | null>(null);
  isOwnKey = $state(false);

  #version = 0;
  #stands = JSON.stringify(emptyPlan());
  #locked: string | null = null;
  #key: CryptoKey | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(readonly member: string) {}

  async load(): Promise<void> {
    this.state = 'loading';
    this.#key = await readKey(this.member);
    try {
      this.#take(await api.get<OwnPlan>(PATH));
      const plan = await this.#open();
      if (!plan) return void (this.state = 'locked');
      await this.#begin(plan);
    } catch {
      this.state = 'unreachable';
    }
  }

  /** The code of one's own key, on a device that does not have it. Throws WrongCode. */
  async enter(code: string): Promise<void> {
    const key = await keyOf(code);
    const plan = await unlock<Plan>(key, 'plan', this.member, this.#locked ?? '');
    this.#key = key;
    await keepKey(this.member, key);
    await this.#begin(plan);
  }

  /** As it is typed: saved after a moment of quiet. */
  type(): void {
    this.saved = STEPS.some((step) => isTooMuch(this.written[step])) ? 'too much' : 'writing';
    clearTimeout(this.#timer);
    if (this.saved === 'writing') this.#timer = setTimeout(() => void this.save(), QUIET_MS);
  }

  /** Whatever waits, now. */
  async leave(): Promise<void> {
    if (this.saved === 'writing') await this.save();
  }

  save(): Promise<void> {
    clearTimeout(this.#timer);
    const done = this.#tail.then(() => this.#save());
    this.#tail = done;
    return done;
  }

  /** Of two that were written at once: mine stays, or the other. */
  async settle(keepMine: boolean): Promise<void> {
    const other = this.other;
    this.other = null;
    if (other && !keepMine) {
      this.#show(other);
      await this.#keep(other, false);
      this.saved = 'saved';
    } else await this.save();
  }

  /** All in one step: from here on only this key opens it. Throws ApiError, and then nothing has changed. */
  async takeKey(key: CryptoKey): Promise<void> {
    await this.#settled();
    await this.#put(planOf(this.written), key);
    this.#key = key;
    await keepKey(this.member, key);
  }

  /** Back to the place's key. Throws ApiError, and then nothing has changed. */
  async giveKeyBack(): Promise<void> {
    await this.#settled();
    await this.#put(planOf(this.written), null);
    this.#key = null;
    await letGoOfKey(this);
  }

  /** Nothing of it is left, here or on the server. Throws ApiError. */
  async remove(): Promise<void> {
    await api.delete(PATH);
    await letGoOfKey(this);
    await keepWords(this.member, 'plan', null);
    await this.load();
  }

  /** Nothing may be turned over what another tab wrote. */
  async #settled(): Promise<void> {
    await this.save();
    if (this.other) throw new ApiError(409, 'stale', '');
  }

  async #save(): Promise<void> {
    const plan = planOf(this.written);
    if (this.other || STEPS.some((step) => isTooMuch(this.written[step]))) return;
    if (JSON.stringify(plan) === this.#stands) {
      this.saved = 'saved';
      return;
    }
    const isHere = await this.#keep(plan, true);
    try {
      await this.#put(plan, this.#key);
      await this.#keep(plan, false);
      if (this.saved !== 'too much') this.saved = 'saved';
    } catch (error) {
      this.saved = isHere ? 'kept here' : 'not saved';
      if (error instanceof ApiError && error.status === 409) await this.#lookAgain();
    }
  }

  async #put(plan: Plan, key: CryptoKey | null): Promise<void> {
    const what = key ? { locked: await lock(key, 'plan', this.member, plan) } : { plan };
    this.#take(await api.put<OwnPlan>(PATH, { version: this.#version, ...what }));
    this.#stands = JSON.stringify(plan);
  }

  async #lookAgain(): Promise<void> {
    try {
      this.#take(await api.get<OwnPlan>(PATH));
      this.other = await this.#open();
      if (!this.other) this.state = 'locked';
    } catch {
      // Asked again with the next word.
    }
  }

  async #begin(plan: Plan): Promise<void> {
    const copy = await readWords<Copy>(this.member, 'plan');
    this.#show(plan);
    if (copy?.unsaved) this.#goOn(copy.plan, copy.version);
    else await this.#keep(plan, false);
    this.state = 'open';
  }

  /** What was written without a line, on this device. */
  #goOn(plan: Plan, version: number): void {
    if (JSON.stringify(plan) === this.#stands) return;
    if (version !== this.#version) this.other = JSON.parse(this.#stands) as Plan;
    this.written = writtenOf(plan);
    this.saved = 'kept here';
    if (!this.other) this.type();
  }

  #take({ version, locked, plan }: OwnPlan): void {
    this.#version = version;
    this.#locked = locked;
    this.isOwnKey = locked !== null;
    if (!locked) this.#stands = JSON.stringify({ ...emptyPlan(), ...plan });
  }

  async #open(): Promise<Plan | null> {
    if (!this.#locked) {
      this.#key = null;
      return JSON.parse(this.#stands) as Plan;
    }
    return (
      this.#key && unlock<Plan>(this.#key, 'plan', this.member, this.#locked).catch(() => null)
    );
  }

  #show(plan: Plan): void {
    this.#stands = JSON.stringify(plan);
    this.written = writtenOf(plan);
  }

  #keep(plan: Plan, unsaved: boolean): Promise<boolean> {
    const copy: Copy = { plan, version: this.#version, unsaved };
    return keepWords(this.member, 'plan', copy);
  }
}

/** The rooms this member has open, the words on their way, and what the server tells them alone. */
import { SvelteSet } from 'svelte/reactivity';
import { api, ApiError, withQuery } from '#lib/api/client.ts';
import type {
  ClientFrame,
  History,
  Notice,
  Reaction,
  Room,
  RoomDetail,
  ServerFrame,
  ServerFrameOf,
} from '#lib/api/types.ts';
import { loadRefusalWords } from '#lib/i18n/index.svelte.ts';
import { session } from '#lib/session.svelte.ts';
import { Acts } from './acts.svelte.ts';
import { line } from './connection.svelte.ts';
import { adoptDrafts, draftsOwner, forgetDrafts, ownDrafts } from './drafts.ts';
import { newId } from './ids.ts';
import { keeping, Keeping } from './keeping.ts';
import * as words from './outbox.ts';
import { quiet } from './quiet.svelte.ts';
import { emptyRoom, isNews, step, unreadAbove, type Message, type RoomEvent } from './room.ts';
import { Tabs, type Told } from './tabs.ts';
import { comfort } from './comfort.svelte.ts';

const PAGE_LENGTH = 50;
const PART_LENGTH = 10;
/** So much is fetched at once for somebody who comes back, to where they left off or so far. */
const BACK_LENGTH = 100;
const BACK_PAGES = 3;
const TYPING_SHOWN_MS = 6_000;
/** Words on the wire for longer than this make us ask whether anybody is there. */
const PATIENCE_MS = 5_000;
/** Before a room that could not be joined, or read anew, is asked for again. */
const AGAIN_S = 2;
/** A browser that has not opened its store by then is gone on without. */
const OPENING_MS = 3_000;
/** Before a tab that should send and does not is taken over from. */
const TAB_PATIENCE_MS = 2_500;

export type Phase = 'loading' | 'ready' | 'outside' | 'missing' | 'unreachable';

export class RoomView {
  state = $state.raw(emptyRoom());
  detail = $state.raw<RoomDetail | null>(null);
  phase = $state<Phase>('loading');
  loadingOlder = $state(false);
  olderFailed = $state(false);
  typing = $state.raw<{ name: string; until: number }[]>([]);
  /** The newest message worth speaking; the log's one live region reads it. */
  spoken = $state.raw<Message | null>(null);
  /** How many messages a reconnect brought. */
  caughtUp = $state(0);
  /** The last refusal in this room that no message of ours carries. */
  problem = $state.raw<{ code: string; detail: string } | null>(null);
  /** Grows when its reader comes in and it was read anew: where they left off is another place then. */
  visit = $state(0);
  missedFrom: number | null = null;
  /** What this reader has opened behind a content note, and of somebody muted. */
  readonly unfolded = new Map<string, boolean>();
  readonly listened = new Set<string>();

  constructor(readonly id: string) {}

  get room(): Room | null {
    return this.detail?.room ?? null;
  }

  apply(event: RoomEvent): void {
    this.state = step(this.state, event);
  }

  find(id: string | null | undefined): Message | null {
    return (id && this.state.messages.find((message) => message.id === id)) || null;
  }
}

class Chat {
  /** Whether what is unsent is still here after the tab was closed. */
  keeps = $state(false);
  /** What was kept is back; nothing goes out before, for it was said earlier. */
  unpacked = $state(false);
  support = $state.raw<ServerFrameOf<'support'>[]>([]);
  /** The newest notice that came while the pages were open, until it was seen. */
  news = $state.raw<Notice | null>(null);

  readonly acts = new Acts(line, keeping);

  #outbox = $state.raw<words.Outbox>([]);
  /** Of these it is known that they outlive the page. */
  #kept = new SvelteSet<string>();
  #tabs = new Tabs();
  #views = new Map<string, RoomView>();
  /** The rooms somebody looks at: joined, and joined again on every new line. */
  #entered = new Set<RoomView>();
  /** Those of them whose join is not answered yet. */
  #asked = new Set<RoomView>();
  /** Those that are being read anew. */
  #reading = new Set<RoomView>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stops: (() => void)[] = [];
  #epoch: string | null = null;
  #wasOpen = false;
  #typedAt = 0;
  #member: string | null = null;

  get outbox(): words.Outbox {
    return this.#outbox;
  }

  /** Each change is kept, and told to the other tabs. */
  set outbox(next: words.Outbox) {
    const told = words.differences(this.#outbox, next);
    this.#outbox = next;
    if (!told.changed.length && !told.gone.length) return;
    for (const entry of told.changed) this.#keep(entry);
    for (const clientId of told.gone) this.#drop(clientId);
    this.#tabs.tell(told);
  }

  /** Whether these words are there again when the page was closed. */
  isKept(clientId: string): boolean {
    return this.keeps && this.#kept.has(clientId);
  }

  /** What is durable elsewhere needs no keeping here. */
  #keep(entry: words.Entry): void {
    if (entry.state === 'posted') return this.#drop(entry.clientId);
    void keeping.put(entry).then((kept) => {
      if (kept) this.#kept.add(entry.clientId);
    });
  }

  #drop(clientId: string): void {
    this.#kept.delete(clientId);
    keeping.drop(clientId);
  }

  /** Open the line and listen; once per session. */
  start(member: string): void {
    if (this.#stops.length) return;
    if (this.#member !== member) this.#forgetOthers(member);
    const rooms = ['message', 'changed', 'reaction', 'presence', 'left', 'reset'] as const;
    this.#stops = [
      ...rooms.map((type) => line.on(type, (frame) => this.#inRoom(frame))),
      line.on('joined', (frame) => this.#joined(frame)),
      line.on('posted', (frame) => this.#hear(frame)),
      line.on('nudge', (frame) => this.#hear(frame)),
      line.on('praise', (frame) => this.#praised(frame)),
      line.on('held', (frame) => this.#held(frame)),
      line.on('refused', (frame) => this.#refused(frame)),
      line.on('typing', (frame) => this.#typing(frame)),
      line.on('support', (frame) => this.#supported(frame)),
      line.on('notice', (frame) => this.#noticed(frame)),
      line.on('hello', (frame) => this.#greeted(frame)),
      line.onOpen(() => this.#resume()),
      line.onLost(() => this.#lost()),
    ];
    line.probe = () => this.#probe();
    line.connect();
    void this.#unpack(member);
    void quiet.ready();
    void comfort.ready();
  }

  /** The session is over: hang up. What is unsent waits for the same member to come back. */
  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#wasOpen = false;
    line.disconnect();
    clearTimeout(this.#timer);
    if (this.#tabs.leads) this.outbox = words.lineLost(this.outbox, Date.now());
    this.#tabs.part();
    this.unpacked = false;
    this.#views.clear();
    this.#entered.clear();
    this.#asked.clear();
    this.support = [];
    this.news = null;
    quiet.forget();
    comfort.forget();
  }

  /** What was kept comes back, and the tabs agree on which of them sends. */
  async #unpack(member: string): Promise<void> {
    if (Keeping.possible) {
      const late = new Promise<null>((resolve) => setTimeout(resolve, OPENING_MS, null));
      const kept = await Promise.race([keeping.open(member), late]);
      if (this.#member !== member || !this.#stops.length) return;
      this.keeps = keeping.works;
      if (kept) {
        this.#outbox = words.restored(this.#outbox, kept.entries, Date.now());
        adoptDrafts(kept.drafts);
        this.acts.restore(kept.acts);
      }
      for (const entry of this.#outbox) this.#keep(entry);
    }
    this.unpacked = true;
    this.#tabs.join(
      member,
      (told) => {
        this.#told(told);
      },
      () => {
        this.#lead();
      },
    );
  }

  /** What the tab before this one had on the wire, nobody waits for any more. */
  #lead(): void {
    this.outbox = words.lineLost(this.outbox, Date.now());
    this.#flush();
  }

  #told(told: Told): void {
    if (told === 'over') {
      this.#outbox = [];
      return;
    }
    const gone = new Set(told.gone);
    const left = this.#outbox.filter(({ clientId }) => !gone.has(clientId));
    this.#outbox = words.taken(left, told.changed);
    this.#flush();
  }

  /** The session is over: this browser keeps nothing. What this page holds waits in it for the same member. */
  async wipe(): Promise<void> {
    this.keeps = false;
    await keeping.wipe();
  }

  /** Words of one member never wait for another; after a reload the drafts' owner is asked for. */
  #forgetOthers(member: string): void {
    if (this.#member !== null || draftsOwner() !== member) this.forget();
    ownDrafts(member);
    this.#member = member;
  }

  /** Leave nothing of this member in the page. */
  forget(): void {
    this.outbox = [];
    this.acts.forget();
    this.#tabs.tell('over');
    forgetDrafts();
  }

  /** How many messages, and other things that were asked for, would be lost by leaving now. */
  get unsent(): number {
    return this.outbox.filter((entry) => entry.state !== 'posted').length + this.acts.size;
  }

  // --- rooms ---

  view(id: string): RoomView {
    const view = this.#views.get(id) ?? new RoomView(id);
    this.#views.set(id, view);
    return view;
  }

  /** Come into a room: what was said, then what is being said. `back`: from where its reader left off. */
  async enter(view: RoomView, back = false): Promise<void> {
    this.#entered.add(view);
    await this.#load(view, back);
  }

  leave(view: RoomView): void {
    if (!this.#entered.delete(view)) return;
    this.#asked.delete(view);
    line.send({ type: 'leave', room: view.id });
  }

  async loadOlder(view: RoomView, limit = PAGE_LENGTH): Promise<void> {
    if (view.loadingOlder || view.state.before === null) return;
    view.loadingOlder = true;
    view.olderFailed = false;
    let before: number | null = view.state.before;
    try {
      const page = await this.#page(view.id, before, limit);
      for (const part of partsOf(page)) {
        // The room was read anew, or let go of what is above: what this stood before is not there.
        if (view.state.before !== before) break;
        view.apply({ type: 'older_page', page: part });
        before = part.before ?? null;
        await new Promise((resolve) => setTimeout(resolve));
      }
    } catch {
      view.olderFailed = true;
    } finally {
      view.loadingOlder = false;
    }
  }

  async #load(view: RoomView, back = false): Promise<void> {
    try {
      // What is folded away is known before the first words are shown.
      [view.detail] = await Promise.all([
        api.get<RoomDetail>(`/api/rooms/${view.id}`),
        quiet.ready(),
        comfort.ready(),
      ]);
      if (!view.detail.room.seat) view.phase = 'outside';
      else await this.#catchUp(view, back);
    } catch (error) {
      if (view.phase !== 'ready') view.phase = phaseOf(error);
    }
  }

  async #catchUp(view: RoomView, back: boolean): Promise<void> {
    const { seq, stale } = view.state;
    if (seq === null || stale || (back && seq < (view.room?.seq ?? 0))) {
      await this.#loadNewest(view);
      view.visit += 1;
    }
    view.phase = 'ready';
    this.#join(view);
    if (back) void this.#loadBack(view);
  }

  /** Its position is worthless. Until that has worked nothing of the room is heard: try again. */
  async #readAnew(view: RoomView): Promise<void> {
    if (this.#reading.has(view)) return;
    this.#reading.add(view);
    await this.#load(view);
    this.#reading.delete(view);
    if (view.state.stale && view.phase === 'ready')
      setTimeout(() => {
        if (this.#entered.has(view) && view.state.stale) void this.#readAnew(view);
      }, AGAIN_S * 1000);
  }

  async #loadNewest(view: RoomView): Promise<void> {
    const page = await this.#page(view.id, null);
    view.apply({ type: 'newest_page', page });
    this.#asAskedFor(view);
    const shown = [...page.messages, ...page.held].flatMap(({ client_id }) => client_id ?? []);
    this.outbox = words.arrived(this.outbox, new Set(shown));
  }

  /** What cannot be fetched now is left above, and nobody calls it read. */
  async #loadBack(view: RoomView): Promise<void> {
    const came = view.room;
    for (let pages = 0; came && pages < BACK_PAGES && !view.olderFailed; pages += 1) {
      if (!unreadAbove(view.state, came, session.me?.id)) break;
      await this.loadOlder(view, BACK_LENGTH);
    }
  }

  #page(room: string, before: number | null, limit = PAGE_LENGTH): Promise<History> {
    return api.get(withQuery(`/api/rooms/${room}/messages`, { before, limit }));
  }

  // --- words ---

  say(draft: words.Draft): string {
    const clientId = newId();
    this.endPraise(draft.room);
    this.outbox = words.add(this.outbox, draft, clientId, Date.now());
    this.#flush();
    return clientId;
  }

  revise(clientId: string, draft: words.Draft): void {
    this.outbox = words.revise(this.outbox, clientId, draft, Date.now());
    this.#flush();
  }

  insist(clientId: string): void {
    this.outbox = words.insist(this.outbox, clientId, Date.now());
    this.#flush();
  }

  retry(clientId: string): void {
    this.outbox = words.retry(this.outbox, clientId, Date.now());
    this.#flush();
  }

  /** Give words up; `nudged` ones are counted, without what they said. */
  discard(clientId: string): void {
    const entry = this.outbox.find((candidate) => candidate.clientId === clientId);
    if (entry?.state === 'nudged') this.acts.do({ type: 'discard', client_id: clientId });
    this.outbox = words.discard(this.outbox, clientId);
    this.#flush();
  }

  withdraw(view: RoomView, message: string): void {
    this.acts.do({ type: 'withdraw', room: view.id, message });
  }

  react(view: RoomView, message: string, reaction: Reaction | null): void {
    const before = view.find(message)?.my_reaction ?? null;
    view.apply({ type: 'i_reacted', message, reaction });
    this.acts.do({ type: 'react', room: view.id, message, reaction }, () => {
      view.apply({ type: 'i_reacted', message, reaction: before });
    });
  }

  answer(view: RoomView, message: string, answer: 'heard' | 'not_yet'): void {
    const before = view.find(message)?.my_answer ?? null;
    view.apply({ type: 'i_answered', message, answer });
    this.acts.do({ type: 'felt_heard', room: view.id, message, answer }, () => {
      view.apply({ type: 'i_answered', message, answer: before });
    });
  }

  /** What was asked for and is not done yet looks here as if it were. */
  #asAskedFor(view: RoomView): void {
    for (const act of this.acts.in(view.id)) {
      if (act.type === 'react') view.apply({ ...act, type: 'i_reacted' });
      if (act.type === 'felt_heard') view.apply({ ...act, type: 'i_answered' });
    }
  }

  /** Told at most every three seconds, and never kept for later. */
  typingIn(room: string): void {
    if (Date.now() - this.#typedAt < 3_000) return;
    if (line.send({ type: 'typing', room })) this.#typedAt = Date.now();
  }

  readUpTo(view: RoomView, seq: number): void {
    line.send({ type: 'read', room: view.id, seq });
    const { detail } = view;
    if (detail && seq > detail.room.read_seq)
      view.detail = { ...detail, room: { ...detail.room, read_seq: seq, unread: 0 } };
  }

  /** It was seen, or something else is being said. */
  endPraise(room: string): void {
    this.#views.get(room)?.apply({ type: 'praise_over' });
  }

  dismissSupport(card: ServerFrameOf<'support'>): void {
    this.support = this.support.filter((other) => other !== card);
  }

  // --- the line ---

  #flush(): void {
    if (!this.#tabs.leads) return this.#wait();
    const now = Date.now();
    for (const entry of words.due(this.outbox, now)) {
      if (!line.send(words.toFrame(entry))) break;
      this.outbox = words.sent(this.outbox, entry.clientId, now);
    }
    this.#schedule(now);
  }

  /** Another tab sends. When it does not, this one does. */
  #wait(): void {
    clearTimeout(this.#timer);
    if (!this.unpacked || !words.due(this.outbox, Date.now()).length) return;
    this.#timer = setTimeout(() => {
      const isStuck = words.due(this.outbox, Date.now()).length > 0;
      if (isStuck && line.state === 'open')
        this.#tabs.takeOver(() => {
          this.#lead();
        });
    }, TAB_PATIENCE_MS);
  }

  #schedule(now: number): void {
    clearTimeout(this.#timer);
    const next = words.nextDue(this.outbox);
    const onTheWire = this.outbox.some((entry) => entry.state === 'sending');
    const waits = [...(next ? [next - now] : []), ...(onTheWire ? [PATIENCE_MS] : [])];
    if (waits.length)
      this.#timer = setTimeout(() => this.#later(), Math.max(250, Math.min(...waits)));
  }

  #later(): void {
    const patience = Date.now() - PATIENCE_MS;
    if (this.outbox.some(({ state, sentAt }) => state === 'sending' && (sentAt ?? 0) <= patience))
      line.check();
    this.#flush();
  }

  /** Null when nobody looks at the room any more, or it cannot be heard. */
  #joinFrame(view: RoomView): ClientFrame | null {
    if (view.phase !== 'ready' || !this.#entered.has(view)) return null;
    this.#asked.add(view);
    return { type: 'join', room: view.id, after: view.state.seq };
  }

  #join(view: RoomView): void {
    const frame = this.#joinFrame(view);
    if (frame) line.send(frame);
  }

  #joinLater(view: RoomView, seconds: number): void {
    setTimeout(() => {
      if (this.#asked.has(view)) this.#join(view);
    }, seconds * 1000);
  }

  /** Joining again costs little, and is always answered. */
  #probe(): ClientFrame | null {
    const view = [...this.#entered].find(({ phase }) => phase === 'ready');
    return view ? this.#joinFrame(view) : null;
  }

  #lost(): void {
    this.#asked.clear();
    this.acts.lost();
    if (this.#tabs.leads) this.outbox = words.lineLost(this.outbox, Date.now());
  }

  #greeted(hello: ServerFrameOf<'hello'>): void {
    if (this.#epoch !== null && this.#epoch !== hello.epoch)
      for (const view of this.#views.values())
        view.apply({ type: 'reset', room: view.id, epoch: hello.epoch });
    this.#epoch = hello.epoch;
  }

  #resume(): void {
    // What changed elsewhere while the line was down; at first it is on its way already.
    if (this.#wasOpen) void quiet.refresh();
    this.#wasOpen = true;
    for (const view of this.#entered) void this.#resumeRoom(view);
    this.acts.resume();
    this.#flush();
  }

  async #resumeRoom(view: RoomView): Promise<void> {
    if (view.phase === 'loading' || view.state.ended) return;
    if (view.state.stale) return this.#readAnew(view);
    if (view.phase !== 'ready') return this.#load(view);
    view.missedFrom = view.state.seq;
    this.#join(view);
  }

  #hear(frame: ServerFrame): void {
    this.outbox = words.receive(this.outbox, frame, Date.now());
    this.#flush();
  }

  #joined(frame: ServerFrameOf<'joined'>): void {
    const view = this.#views.get(frame.room);
    if (!view) return;
    this.#asked.delete(view);
    view.apply(frame);
  }

  #inRoom(
    frame: ServerFrameOf<'message' | 'changed' | 'reaction' | 'presence' | 'left' | 'reset'>,
  ): void {
    if (frame.type === 'message') this.#hear(frame);
    const view = this.#views.get(frame.room);
    if (!view || !this.#entered.has(view)) return;
    const before = view.state;
    view.apply(frame);
    if (view.state.behind && !before.behind) return this.#closeGap(view);
    if (view.state.stale) return void this.#readAnew(view);
    if (frame.type === 'message') this.#announce(view, before, frame);
    if (frame.type === 'changed') this.acts.saw(frame);
  }

  #closeGap(view: RoomView): void {
    view.apply({ type: 'resuming' });
    this.#join(view);
  }

  #announce(view: RoomView, before: RoomView['state'], frame: ServerFrameOf<'message'>): void {
    view.typing = view.typing.filter(({ name }) => name !== frame.author.name);
    const own = frame.author.id === session.me?.id;
    if (!own && quiet.why(frame)) return;
    if (!own && isNews(before, view.state, frame.id)) view.spoken = view.find(frame.id);
    else if (!own && view.missedFrom !== null) this.#count(view, frame);
  }

  #count(view: RoomView, frame: ServerFrameOf<'message'>): void {
    if (frame.seq > (view.missedFrom ?? 0)) view.caughtUp += 1;
    if (frame.seq >= view.state.joinedAt) view.missedFrom = null;
  }

  #held(frame: ServerFrameOf<'held'>): void {
    const entry = this.outbox.find(({ clientId }) => clientId === frame.client_id);
    if (entry && !entry.edits)
      this.#views
        .get(frame.room)
        ?.apply({ type: 'i_was_held', message: heldMessage(entry, frame) });
    this.#hear(frame);
  }

  #refused(frame: ServerFrameOf<'refused'>): void {
    void loadRefusalWords();
    if (frame.client_id) return this.#hear(frame);
    const isAct = this.acts.refused(frame);
    const view = frame.room && this.#views.get(frame.room);
    if (!view || (isAct && frame.retryable)) return;
    // A join is refused as anything else is; while one is not answered, it may be the one that was meant.
    if (frame.retryable && this.#asked.has(view))
      this.#joinLater(view, frame.retry_after_s ?? AGAIN_S);
    else view.problem = { code: frame.code, detail: frame.detail };
  }

  #typing({ room, name }: ServerFrameOf<'typing'>): void {
    const view = this.#views.get(room);
    if (!view || name === session.me?.pseudonym || quiet.isMuted(name)) return;
    const now = Date.now();
    const others = view.typing.filter((other) => other.name !== name && other.until > now);
    view.typing = [...others, { name, until: now + TYPING_SHOWN_MS }];
    setTimeout(() => {
      view.typing = view.typing.filter(({ until }) => until > Date.now());
    }, TYPING_SHOWN_MS + 50);
  }

  #praised(frame: ServerFrameOf<'praise'>): void {
    this.#views.get(frame.room)?.apply(frame);
  }

  #supported(frame: ServerFrameOf<'support'>): void {
    if (frame.room) this.endPraise(frame.room);
    const others = this.support.filter(
      (card) => card.room !== frame.room || card.about !== frame.about,
    );
    this.support = [...others, frame];
  }

  #noticed(notice: Notice): void {
    this.news = notice;
    if (session.me) session.me = { ...session.me, unread_notices: session.me.unread_notices + 1 };
    const view = notice.room ? this.#views.get(notice.room) : undefined;
    if (!view) return;
    if (notice.message && notice.kind === 'helped')
      view.apply({ type: 'i_helped', message: notice.message });
    if (notice.kind === 'pause') void this.#load(view);
    if (notice.kind !== 'held' && view.state.held.length) void this.#refreshHeld(view);
  }

  /** A decision may have been about one's own held words; only the server knows which still wait. */
  async #refreshHeld(view: RoomView): Promise<void> {
    try {
      const { held } = await this.#page(view.id, null);
      view.apply({ type: 'held_now', held });
    } catch {
      // The next page that is fetched tells.
    }
  }
}

function heldMessage(entry: words.Entry, frame: ServerFrameOf<'held'>): Message {
  const { me } = session;
  return {
    seq: 0,
    id: frame.id,
    author: { id: me?.id ?? '', name: me?.pseudonym ?? '', role: 'peer' },
    author_kind: 'person',
    state: 'held',
    text: entry.text,
    at: frame.at,
    client_id: entry.clientId,
    reply_to: entry.replyTo,
    ask: entry.ask,
    content_note: entry.contentNote,
    edited_at: null,
    reactions: {},
    my_reaction: null,
    my_answer: null,
    helped: false,
    replies: 0,
  };
}

/** Newest first: to draw fifty messages at once would stop the reader's finger. */
function partsOf(page: History): History[] {
  const parts: History[] = [];
  for (let end = page.messages.length; end > 0; end -= PART_LENGTH) {
    const messages = page.messages.slice(Math.max(0, end - PART_LENGTH), end);
    const before = end > PART_LENGTH ? (messages[0]?.seq ?? null) : page.before;
    parts.push({ ...page, messages, before });
  }
  return parts.length ? parts : [page];
}

function phaseOf(error: unknown): Phase {
  if (error instanceof ApiError && (error.status === 404 || error.status === 403)) return 'missing';
  return 'unreachable';
}

export const chat = new Chat();

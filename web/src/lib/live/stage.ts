/**
 * Where a conformance case is played to the browser's client: a socket and a server that exist only
 * here, and timers that stand still. tests/conformance/README.md says what the steps mean.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';

type Frame = Record<string, unknown> & { type: string };
export type Step = Record<string, unknown>;
export type Case = { file: string; name: string; steps: Step[] };

const FOLDER = join(import.meta.dirname, '../../../../tests/conformance');
const STANDS_STILL = ['setTimeout', 'clearTimeout', 'Date', 'performance'] as const;
const IN_ORDER = new Set(['message', 'changed', 'reaction']);
const ANSWERS = new Set(['posted', 'nudge', 'held', 'refused']);

function read<Content>(file: string): Content {
  return JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Content;
}

const short = read<Record<string, object>>('frames.json');

export function cases(): Case[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json') && file !== 'frames.json')
    .flatMap((file) => read<Omit<Case, 'file'>[]>(file).map((each) => ({ file, ...each })));
}

/** What the browser would hand over, as far as the client looks at it. */
class StillSocket {
  static readonly OPEN = 1;
  static made: StillSocket[] = [];

  readyState = 0;
  sent: Frame[] = [];
  onmessage: (event: { data: string }) => void = () => undefined;
  onclose: (event: { code: number; reason: string }) => void = () => undefined;

  constructor() {
    StillSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Frame);
  }

  close(): void {
    this.readyState = 3;
  }

  told = 0;

  opened(): void {
    this.readyState = StillSocket.OPEN;
  }

  comes(data: string): void {
    this.told += 1;
    this.onmessage({ data });
  }

  ends(code: number, reason: string): void {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}

/** Where a line is fetched, and nobody answers: every attempt at a socket has failed just before. */
class NobodyThere {
  onclose: (event: { code: number; reason: string }) => void = () => undefined;

  constructor() {
    queueMicrotask(() => {
      this.onclose({ code: 1006, reason: '' });
    });
  }
}

/** The server's end of a line that is fetched. It repeats itself: each answer begins two frames early. */
class StillLine {
  static made: StillLine[] = [];

  sent: Frame[] = [];
  #state = 0;
  #told: unknown[] = [];
  #close: { code: number; reason: string } | null = null;
  #open: (answer: Response) => void = () => undefined;
  #more: () => void = () => undefined;

  constructor() {
    StillLine.made.push(this);
  }

  get readyState(): number {
    return this.#state;
  }

  get told(): number {
    return this.#told.length;
  }

  opened(): void {
    this.#state = 1;
    this.#open(Response.json({ line: String(StillLine.made.length - 1), wait_s: 25 }));
  }

  comes(data: string): void {
    try {
      this.#told.push(JSON.parse(data));
    } catch {
      return; // what is no JSON cannot stand in an answer
    }
    this.#more();
  }

  ends(code: number, reason: string): void {
    if (this.#state === 0 && code !== 1006) this.opened();
    if (this.#state === 0) this.#open(new Response('', { status: 502 }));
    this.#state = 3;
    this.#close = { code, reason };
    this.#more();
  }

  static async answer(path: string, how: RequestInit): Promise<Response> {
    const [, number, after] = /^\/api\/lines\/?(\d+)?(?:\?after=(\d+))?$/.exec(path) ?? [];
    const line = number === undefined ? new StillLine() : StillLine.made[Number(number)];
    if (!line) return new Response('', { status: 404 });
    if (number === undefined) return new Promise((resolve) => (line.#open = resolve));
    if (how.method === 'GET') return line.#hear(Number(after));
    if (how.method === 'POST')
      line.sent.push(...(JSON.parse(String(how.body)) as { frames: Frame[] }).frames);
    return new Response(null, { status: 204 });
  }

  async #hear(after: number): Promise<Response> {
    while (after === this.#told.length && !this.#close)
      await new Promise<void>((resolve) => (this.#more = resolve));
    if (this.#close?.code === 1006) return new Response('', { status: 404 });
    const frames = this.#told.slice(Math.max(0, after - 2));
    const last = this.#told.length;
    return Response.json({ last, frames, ...(this.#close ? { close: this.#close } : {}) });
  }
}

/** What carries the lines of a case. */
export type Carrier = 'socket' | 'fetched';

/** One case. Each verb of a step is a method of the same name. */
export class Stage {
  #stands = new Map<string, number>();
  #read: string[] = [];
  #history = Promise.resolve(true);
  #historyComes: (answers: boolean) => void = () => undefined;
  #taken = 0;
  #draw = 0.5;
  #drafts = new Map<string, string>();
  #rooms = new Set<string>();
  #heard: string[] = [];
  #answers: [string, string][] = [];
  #declined: [string, string][] = [];
  #joined = new Set<string>();
  #over = false;
  #coming = new Map<string, Frame>();
  #given = 0;

  private constructor(
    private readonly chat: typeof import('./chat.svelte.ts').chat,
    private readonly line: typeof import('./connection.svelte.ts').line,
    private readonly carrier: Carrier,
  ) {}

  static async play(steps: Step[], carrier: Carrier = 'socket'): Promise<void> {
    vi.resetModules();
    vi.useFakeTimers({ toFake: [...STANDS_STILL] });
    vi.doMock('../polled/socket.ts', () => ({ PolledSocket: NobodyThere }));
    StillSocket.made = [];
    StillLine.made = [];
    const { chat } = await import('./chat.svelte.ts');
    const { line } = await import('./connection.svelte.ts');
    const stage = new Stage(chat, line, carrier);
    try {
      await stage.#play(steps);
    } finally {
      chat.stop();
      vi.unstubAllGlobals();
      vi.restoreAllMocks();
      vi.useRealTimers();
    }
  }

  async #play(steps: Step[]): Promise<void> {
    const handed = this.#handed.bind(this);
    const carrier = this.carrier === 'socket' ? StillSocket : await fetchedSocket();
    vi.stubGlobal('WebSocket', noting(carrier, handed));
    vi.stubGlobal('fetch', (path: string, how: RequestInit) => this.#fetched(path, how));
    vi.spyOn(Math, 'random').mockImplementation(() => this.#draw);
    this.line.onSessionEnded = () => (this.#over = true);
    this.chat.start('willow');
    for (const [index, step] of [...steps, { rest: true }].entries()) {
      await settle();
      await this.#step(step, `step ${index + 1}, ${JSON.stringify(step)}`);
    }
  }

  async #step(step: Step, where: string): Promise<void> {
    const [[verb, value] = ['', null]] = Object.entries(step);
    const verbs = this as unknown as Record<string, (value: unknown, step: Step) => unknown>;
    try {
      await verbs[verb]?.(value, step);
    } catch (error) {
      throw new Error(`${where}: ${String(error)}`, { cause: error });
    }
  }

  // --- what happens ---

  async opens(epoch: string): Promise<void> {
    this.#underWay().opened();
    await settle();
    await this.server([{ type: 'hello', epoch }]);
  }

  shuts(code: number): void {
    this.#underWay().ends(code, '');
  }

  async fails(): Promise<void> {
    this.#underWay().ends(1006, '');
    await settle();
    await vi.dynamicImportSettled();
  }

  breaks(code: number | null, { reason }: Step): void {
    this.#socket.ends(code ?? 1006, (reason as string | undefined) ?? '');
  }

  async server(coming: Frame[]): Promise<void> {
    for (const frame of coming.flatMap(writtenOut)) this.#comes(frame);
    await settle();
  }

  wire(data: string): void {
    this.#socket.comes(data);
  }

  stands(rooms: Record<string, number>): void {
    for (const [room, seq] of Object.entries(rooms)) this.#stands.set(room, seq);
  }

  /** Only here: pages of history answer, fail, or wait until they do one of both. */
  history(does: 'answers' | 'fails' | 'waits'): void {
    this.#historyComes(does === 'answers');
    this.#history = new Promise((resolve) => (this.#historyComes = resolve));
    if (does !== 'waits') this.#historyComes(does === 'answers');
  }

  async passes(seconds: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(seconds * 1000);
  }

  draws(number: number): void {
    this.#draw = number;
  }

  joins(room: string, { after }: Step): void {
    this.#stands.set(room, after as number);
    this.#rooms.add(room);
    void this.chat.enter(this.chat.view(room)).then(() => (this.#read = []));
  }

  leaves(room: string): void {
    this.#rooms.delete(room);
    this.chat.leave(this.chat.view(room));
  }

  posts(name: string, { room, text, reply_to, ask, insist }: Step): void {
    const draft = {
      room: room as string,
      edits: null,
      text: text as string,
      replyTo: (reply_to as string | undefined) ?? null,
      ask: ask === true,
      contentNote: null,
    };
    const clientId = this.#drafts.get(name);
    if (!clientId) this.#drafts.set(name, this.chat.say(draft));
    else if (insist) this.chat.insist(clientId);
    else this.chat.revise(clientId, draft);
  }

  edits(name: string, { room, message, text }: Step): void {
    const edits = message as string;
    const draft = { room: room as string, edits, text: text as string };
    const clientId = this.chat.say({ ...draft, replyTo: null, ask: false, contentNote: null });
    this.#drafts.set(name, clientId);
  }

  discards(name: string): void {
    this.chat.discard(this.#drafts.get(name) ?? '');
  }

  // --- what is expected ---

  sends(expected: Frame[]): void {
    expect(this.#takenSent()).toEqual(expected);
  }

  hears(expected: string[]): void {
    expect(this.#heard.splice(0)).toEqual(expected.flatMap(each));
  }

  answers(expected: [string, string][]): void {
    expect(this.#answers.splice(0)).toEqual(expected);
  }

  declines(expected: [string, string][]): void {
    expect(this.#declined.splice(0)).toEqual(expected);
  }

  /** A page of history is read, and joined after it. */
  anew(rooms: string[]): void {
    expect(this.#read.splice(0)).toEqual(rooms);
    this.sends(rooms.map((room) => ({ type: 'join', room, after: this.#stands.get(room) })));
  }

  opening(expected: boolean): void {
    expect(this.#made.at(-1)?.readyState === 0).toBe(expected);
  }

  over(expected: boolean): void {
    expect(this.#over).toBe(expected);
  }

  /** Nothing is left that nobody expected. */
  rest(): void {
    this.anew([]);
    this.hears([]);
    this.answers([]);
    this.declines([]);
    expect(this.#given, 'each frame was handed over once').toBe(
      this.#made.reduce((all, { told }) => all + told, 0),
    );
  }

  // --- the socket ---

  get #made(): (StillSocket | StillLine)[] {
    return this.carrier === 'socket' ? StillSocket.made : StillLine.made;
  }

  get #socket(): StillSocket | StillLine {
    const socket = this.#made.at(-1);
    if (!socket) throw new Error('there is no line');
    return socket;
  }

  #underWay(): StillSocket | StillLine {
    expect(this.#socket.readyState, 'a line is being opened').toBe(0);
    return this.#socket;
  }

  /** A frame, and what became of it here. */
  #comes(frame: Frame): void {
    const clientId = this.#drafts.get(String(frame.client_id)) ?? frame.client_id;
    const data = JSON.stringify(frame.client_id ? { ...frame, client_id: clientId } : frame);
    this.#coming.set(data, frame);
    this.wire(data);
  }

  /** Called by whatever carries the line, at the moment in which it hands something over. */
  #handed(data: string, over: () => void): void {
    this.#given += 1;
    const frame = this.#coming.get(data);
    if (frame) this.#noted(frame, over);
    else over();
  }

  #noted(frame: Frame, over: () => void): void {
    const { type, room } = frame as Frame & { room?: string };
    const clientId = this.#drafts.get(String(frame.client_id)) ?? frame.client_id;
    const view = room && this.#rooms.has(room) ? this.chat.view(room) : null;
    const before = { entry: this.#entry(clientId), problem: view?.problem, seq: view?.state.seq };
    over();
    if (IN_ORDER.has(type) && view && view.state.seq !== before.seq)
      this.#heard.push(`${view.id} ${view.state.seq ?? ''}`);
    if (ANSWERS.has(type)) this.#answered(String(frame.client_id), before.entry?.state, type);
    if (type === 'joined') this.#joined.add(String(room));
    if (view?.problem && view.problem !== before.problem && !this.#joined.has(view.id))
      this.#declined.push([view.id, view.problem.code]);
  }

  #entry(clientId: unknown) {
    return this.chat.outbox.find((entry) => entry.clientId === clientId);
  }

  /** What the author sees now, unless they saw it before, or it is to be tried again. */
  #answered(name: string, before: string | undefined, type: string): void {
    const now = this.#entry(this.#drafts.get(name))?.state;
    if (before && now !== before && now !== 'waiting') this.#answers.push([name, type]);
  }

  #takenSent(): Frame[] {
    const sent = this.#made.flatMap((socket) => socket.sent);
    const names = new Map([...this.#drafts].map(([name, clientId]) => [clientId, name]));
    return sent.slice(this.#taken, (this.#taken = sent.length)).map((frame) => {
      const said = Object.entries(frame).filter(([, value]) => value !== null && value !== false);
      return Object.fromEntries(
        said.map(([key, value]) => [key, names.get(value as string) ?? value]),
      ) as Frame;
    });
  }

  // --- the rest of the server ---

  async #fetched(path: string, how: RequestInit): Promise<Response> {
    if (path.startsWith('/api/lines')) return StillLine.answer(path, how);
    if (path === '/api/me/quiet') return Response.json({ people: [], topics: [] });
    if (path === '/api/me/comfort') return Response.json({ language: 'en' });
    const [, room = '', messages] = /^\/api\/rooms\/([^/?]+)(\/messages)?/.exec(path) ?? [];
    if (!messages) return Response.json({ room: { id: room, seat: { role: 'peer' } } });
    if (!(await this.#history)) return new Response('', { status: 503 });
    this.#read.push(room);
    const seq = this.#stands.get(room) ?? 0;
    return Response.json({ messages: [], before: null, seq, held: [] });
  }
}

type AnySocket = new () => { onmessage: (event: { data: string }) => void };

/** The same, and each frame passes by here on its way. */
function noting(kind: AnySocket, handed: (data: string, over: () => void) => void): AnySocket {
  return class extends kind {
    static readonly OPEN = 1;

    constructor() {
      super();
      let hear: (event: { data: string }) => void = () => undefined;
      Object.defineProperty(this, 'onmessage', {
        get: () => (event: { data: string }) => {
          handed(event.data, () => {
            hear(event);
          });
        },
        set: (listener: typeof hear) => (hear = listener),
      });
    }
  };
}

/** The real one, standing where the browser's WebSocket does: so every attempt is one of it. */
async function fetchedSocket(): Promise<AnySocket> {
  const { PolledSocket } =
    await vi.importActual<typeof import('../polled/socket.ts')>('../polled/socket.ts');
  return class extends PolledSocket {
    constructor() {
      super(() => new StillSocket() as unknown as WebSocket);
    }
  };
}

/** Until everybody who can do something has done it. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Each frame that a short one stands for. */
function writtenOut(frame: Frame): Frame[] {
  if (Array.isArray(frame.seq)) {
    const [first, last] = frame.seq as [number, number];
    const seqs = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    return seqs.flatMap((seq) => writtenOut({ ...frame, seq }));
  }
  const own = `${String(frame.room)} ${String(frame.seq)}`;
  const said = ['message', 'posted'].includes(frame.type)
    ? { id: own, client_id: `draft of ${own}` }
    : {};
  return [{ ...said, ...short[frame.type], ...frame }];
}

function each(words: string): string[] {
  const [, room = '', first, last] = /^(.*) (\d+)(?:-(\d+))?$/.exec(words) ?? [];
  const length = Number(last ?? first) - Number(first) + 1;
  return Array.from({ length }, (_, index) => `${room} ${Number(first) + index}`);
}

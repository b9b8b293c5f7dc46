import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CaseDesk, draftOf, keepDraft } from './case.svelte.ts';
import { aCase, aDecision, aLine } from './cast.ts';
import type { Case, CaseLine } from './types.ts';

type Answer = [status: number, body: unknown];

/** A server with one case, that answers as the real one does and remembers what it was sent. */
class Server {
  case: Case = aCase();
  sent: { method: string; path: string; body: unknown }[] = [];

  answer = (path: string, init: RequestInit): Response => {
    const body: unknown = init.body ? JSON.parse(init.body as string) : null;
    const method = init.method ?? 'GET';
    if (method !== 'GET') this.sent.push({ method, path, body });
    const [status, said] = this.#answer(method, path, body as { version: number } | null);
    return new Response(JSON.stringify(said), { status });
  };

  /** Somebody else acts: the version moves on. */
  move(line: Partial<CaseLine>, rest: Partial<Case> = {}): void {
    const version = this.case.line.version + 1;
    this.case = { ...this.case, ...rest, line: { ...this.case.line, version, ...line } };
  }

  decisions(): unknown[] {
    return this.sent.filter((each) => each.path.endsWith('/decisions')).map((each) => each.body);
  }

  #answer(method: string, path: string, body: { version: number } | null): Answer {
    if (method === 'GET') return [200, this.case];
    const { line } = this.case;
    if (line.claimed_by && !line.claimed_by_me) return [409, { code: 'claimed', detail: 'Taken.' }];
    if (body && body.version !== line.version) return [409, { code: 'stale', detail: 'Again.' }];
    if (path.endsWith('/claim')) return [200, this.#claim(method === 'PUT')];
    this.move({ state: 'closed' }, { decisions: [aDecision({ action: 'warn' })] });
    return [201, this.case];
  }

  #claim(mine: boolean): CaseLine {
    const claimed_until = new Date(Date.now() + 900_000).toISOString();
    this.move(
      mine
        ? { claimed_by: 'me', claimed_by_me: true, claimed_until }
        : { claimed_by: null, claimed_by_me: false, claimed_until: null },
    );
    return this.case.line;
  }
}

const draft = { reason: ' Please be gentle. ', words: '', minutes: 60 };
let server: Server;
let desk: CaseDesk;

beforeEach(async () => {
  server = new Server();
  vi.stubGlobal('fetch', (path: string, init: RequestInit) =>
    Promise.resolve(server.answer(path, init)),
  );
  desk = new CaseDesk('case-1');
  await desk.open();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

it('a decision claims the case first and is sent with the version that this gave', async () => {
  expect(await desk.decide('warn', draft)).toBe(true);
  expect(server.decisions()).toEqual([
    {
      action: 'warn',
      version: 5,
      reason: 'Please be gentle.',
      words: null,
      minutes: null,
      clause: null,
      undoable: true,
    },
  ]);
  expect(desk.done).toBe('warn');
  expect(desk.shown?.line.state).toBe('closed');
});

it('a decision sent while the claim is still on its way waits for it, and is sent once', async () => {
  const claimed = desk.claim();
  const decided = [desk.decide('warn', draft), desk.decide('warn', draft)];
  expect(await claimed).toBe(true);
  expect(await Promise.all(decided)).toEqual([true, false]);
  expect(server.sent.map((each) => each.path)).toEqual([
    '/api/cases/case-1/claim',
    '/api/cases/case-1/decisions',
  ]);
});

it('what changes while something is sent is shown after it', async () => {
  const claimed = desk.claim();
  server.move({ urgency: 'now' });
  await desk.refresh();
  await claimed;
  await vi.waitFor(() => {
    expect(desk.shown?.line.urgency).toBe('now');
  });
});

it('what was asked for before a decision and comes after it does not undo what is seen', async () => {
  await desk.claim();
  const before = server.case;
  let arrive = (): void => undefined;
  const late = new Promise<Response>((resolve) => {
    arrive = () => {
      resolve(new Response(JSON.stringify(before), { status: 200 }));
    };
  });
  vi.stubGlobal('fetch', (path: string, init: RequestInit) =>
    (init.method ?? 'GET') === 'GET' ? late : Promise.resolve(server.answer(path, init)),
  );
  const refreshed = desk.refresh();
  expect(await desk.decide('warn', draft)).toBe(true);
  arrive();
  await refreshed;
  expect([desk.shown?.line.state, desk.stale, desk.done]).toEqual(['closed', null, 'warn']);
});

it('a decision that comes too late is not carried out, and what changed is shown', async () => {
  await desk.claim();
  server.move({}, { decisions: [aDecision({ by: 'Wren' })] });
  expect(await desk.decide('warn', draft)).toBe(false);
  expect(desk.stale).toBe('refused');
  expect(desk.changes).toMatchObject([{ kind: 'decided', decision: { by: 'Wren' } }]);
});

it('a change that nobody sees takes no decision away: it is sent once more', async () => {
  await desk.claim();
  server.move({});
  expect(await desk.decide('warn', draft)).toBe(true);
  expect(server.decisions()).toMatchObject([{ version: 5 }, { version: 6 }]);
  expect(desk.stale).toBeNull();
});

it('a refusal stays to be read, whatever else is heard of the case meanwhile', async () => {
  await desk.claim();
  server.move({}, { decisions: [aDecision({ by: 'Wren' })] });
  await desk.decide('warn', draft);
  server.case = { ...server.case, decisions: [] };
  await desk.refresh();
  expect(desk.stale).toBe('refused');
});

it('nothing more is sent until the change was read, and then it is sent as read', async () => {
  await desk.claim();
  server.move({}, { decisions: [aDecision({ by: 'Wren' })] });
  await desk.decide('warn', draft);
  const before = server.decisions().length;
  expect(await desk.decide('warn', draft)).toBe(false);
  expect(server.decisions()).toHaveLength(before);
  desk.acknowledge();
  expect(await desk.decide('warn', draft)).toBe(true);
});

it('a change that arrives while somebody reads holds the next decision, too', async () => {
  server.move({ urgency: 'now' });
  await desk.refresh();
  expect(desk.stale).toBe('live');
  expect(await desk.decide('warn', draft)).toBe(false);
  expect(server.decisions()).toEqual([]);
});

it('a new message in the room is no change of the case', async () => {
  server.case = { ...server.case, messages: [] };
  await desk.refresh();
  expect(desk.stale).toBeNull();
  expect(desk.shown?.messages).toEqual([]);
});

it('a case that somebody else has says who, and sends no decision', async () => {
  server.case = aCase({ line: aLine({ claimed_by: 'Wren', claimed_until: null }) });
  await desk.open();
  expect(desk.theirs?.claimed_by).toBe('Wren');
  expect(await desk.decide('warn', draft)).toBe(false);
  expect(server.decisions()).toEqual([]);
});

it('a claim that ran out is nobody’s', async () => {
  const claimed_until = new Date(Date.now() - 1_000).toISOString();
  server.case = aCase({ line: aLine({ claimed_by: 'Wren', claimed_until }) });
  await desk.open();
  expect(desk.theirs).toBeNull();
});

it('a care note is its own reason', async () => {
  await desk.decide('care_note', { reason: '', words: 'You are not alone.', minutes: 60 });
  expect(server.decisions()).toMatchObject([
    { reason: 'You are not alone.', words: 'You are not alone.' },
  ]);
});

it('what was typed is kept until it was sent', async () => {
  keepDraft('case-1', 'warn', draft);
  server.move({}, { decisions: [aDecision()] });
  await desk.decide('warn', draft);
  expect(draftOf('case-1', 'warn').reason).toBe(draft.reason);
  desk.acknowledge();
  await desk.decide('warn', draft);
  expect(draftOf('case-1', 'warn').reason).toBe('');
});

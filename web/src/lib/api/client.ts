/** One way to the server: JSON in, JSON out, and every refusal an ApiError with its code. */

import { loadRefusalWords } from '#lib/i18n/index.svelte.ts';
import { noteServerTime } from './server-clock.ts';

/** A refusal by the server (`status` 400 and up), or no answer at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`);
    this.name = 'ApiError';
  }

  /** The line is down or the server is away: worth trying again. */
  get offline(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const TIMEOUT_MS = 30_000;

/** Called when a session has ended, so that the pages can say so once. */
let onLoggedOut: () => void = () => undefined;

export function whenLoggedOut(listener: () => void): void {
  onLoggedOut = listener;
}

/** Called when it has to be proved once more who sits here; true: ask again. */
let onProofNeeded: () => Promise<boolean> = () => Promise.resolve(false);

export function whenProofNeeded(listener: () => Promise<boolean>): void {
  onProofNeeded = listener;
}

async function send(method: Method, path: string, body: unknown): Promise<Response> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    // What was to be deleted is, though its page is closed in that moment.
    keepalive: method === 'DELETE',
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  if (body !== undefined) {
    init.headers = { ...init.headers, 'Content-Type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  try {
    const response = await fetch(path, init);
    noteServerTime(response.headers.get('Date'));
    return response;
  } catch {
    throw new ApiError(0, 'offline', '');
  }
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const { code, detail } = (await response.json()) as { code?: unknown; detail?: unknown };
    if (typeof code === 'string' && typeof detail === 'string')
      return new ApiError(response.status, code, detail);
  } catch {
    // A proxy's own page, or half an answer: the status has to do.
  }
  return new ApiError(response.status, 'unexpected', '');
}

async function answer(method: Method, path: string, body: unknown): Promise<Response> {
  const response = await send(method, path, body);
  if (response.ok) return response;
  const error = await refusal(response);
  // A visitor without a session is told nothing: no words are fetched for that.
  if (error.code !== 'no_session') await loadRefusalWords();
  if (error.code === 'proof_needed' && (await onProofNeeded())) return answer(method, path, body);
  if (error.code === 'no_session' && path !== '/api/me') onLoggedOut();
  throw error;
}

/** A file that is asked for with a body; whole, or not at all. */
async function file(path: string, body: unknown): Promise<Blob> {
  const response = await answer('POST', path, body);
  try {
    return await response.blob();
  } catch {
    throw new ApiError(0, 'offline', '');
  }
}

async function request<Answer>(method: Method, path: string, body?: unknown): Promise<Answer> {
  const response = await answer(method, path, body);
  if (response.status === 204) return undefined as Answer;
  try {
    return (await response.json()) as Answer;
  } catch {
    throw new ApiError(0, 'offline', '');
  }
}

export const api = {
  get: <Answer>(path: string) => request<Answer>('GET', path),
  post: <Answer = void>(path: string, body?: unknown) => request<Answer>('POST', path, body),
  put: <Answer = void>(path: string, body?: unknown) => request<Answer>('PUT', path, body),
  patch: <Answer = void>(path: string, body: unknown) => request<Answer>('PATCH', path, body),
  delete: <Answer = void>(path: string) => request<Answer>('DELETE', path),
  file,
};

/** `path` with the given query, leaving out what is null, undefined or empty. */
export function withQuery(
  path: string,
  query: Record<string, string | number | null | undefined>,
): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  return search.size ? `${path}?${search}` : path;
}

/** "Next person": the server hands out one case, claimed, so that nobody picks and nobody is left. */
import { goto } from '$app/navigation';
import { api, withQuery } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';

type NextCase = components['schemas']['NextCase'];
export type Spared = NextCase['spared'];

/** `same`: the case that is open already is still the most pressing one. */
export type Taken = { found: 'another' | 'same' | 'none'; spared: Spared };

/** anyway: also what the guard would leave to somebody else who is free. Raises ApiError. */
export async function takeNext({ anyway = false } = {}): Promise<Taken> {
  const path = withQuery('/api/queue/next', { anyway: anyway ? 'true' : null });
  const { case: id, spared } = await api.post<NextCase>(path);
  if (id === null) return { found: 'none', spared };
  if (location.pathname === `/cases/${id}`) return { found: 'same', spared };
  await goto(`/cases/${id}`);
  return { found: 'another', spared };
}

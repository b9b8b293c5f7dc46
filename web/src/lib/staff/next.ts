/** "Next person": the server hands out one case, claimed, so that nobody picks and nobody is left. */
import { goto } from '$app/navigation';
import { api, withQuery } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import { guard } from './guard.svelte.ts';

type NextCase = components['schemas']['NextCase'];

/**
 * `same`: the case that is open already is still the most pressing one. `spared`: nothing but what is left to
 * somebody else who is free. anyway: that, too. Raises ApiError.
 */
export async function takeNext({ anyway = false } = {}): Promise<
  'another' | 'same' | 'none' | 'spared'
> {
  const path = withQuery('/api/queue/next', { anyway: anyway ? 'true' : null });
  const { case: id, spared } = await api.post<NextCase>(path);
  guard.spared = spared ?? null;
  if (id === null) return spared ? 'spared' : 'none';
  if (location.pathname === `/cases/${id}`) return 'same';
  await goto(`/cases/${id}`);
  return 'another';
}

/** "Next person": the server hands out one case, claimed, so that nobody picks and nobody is left. */
import { goto } from '$app/navigation';
import { api } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';

type NextCase = components['schemas']['NextCase'];

/** `same`: the case that is open already is still the most pressing one. Raises ApiError. */
export async function takeNext(): Promise<'another' | 'same' | 'none'> {
  const { case: id } = await api.post<NextCase>('/api/queue/next');
  if (id === null) return 'none';
  if (location.pathname === `/cases/${id}`) return 'same';
  await goto(`/cases/${id}`);
  return 'another';
}

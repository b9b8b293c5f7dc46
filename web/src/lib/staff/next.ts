/** "Next person": the server hands out one case, claimed, so that nobody picks and nobody is left. */
import { goto } from '$app/navigation';
import { api } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';

type NextCase = components['schemas']['NextCase'];

/** False when nobody waits. Raises ApiError. */
export async function takeNext(): Promise<boolean> {
  const { case: id } = await api.post<NextCase>('/api/queue/next');
  if (id === null) return false;
  await goto(`/cases/${id}`);
  return true;
}

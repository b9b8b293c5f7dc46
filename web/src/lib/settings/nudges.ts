/** No nudge for today: until this member's own midnight. */
import { api } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';

export type NudgeDay = Body<'NudgeDay'>;

const PATH = '/api/me/nudges';

export function midnightAfter(now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
}

export const readNudges = (): Promise<NudgeDay> => api.get(PATH);

export const notToday = (now = new Date()): Promise<NudgeDay> =>
  api.put(`${PATH}/quiet`, { until: midnightAfter(now).toISOString() });

export const askAgain = (): Promise<NudgeDay> => api.delete(`${PATH}/quiet`);

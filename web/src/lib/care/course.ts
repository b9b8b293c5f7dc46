/** Check-ins as a line over time. Higher is better; nothing is added between two of them. */

import type { Feeling, Mood } from './types.ts';

export const FEELINGS: readonly Feeling[] = ['very_low', 'low', 'so_so', 'good', 'very_good'];

export type Frame = { width: number; height: number; from: number; to: number };
export type Dot = { id: string; x: number; y: number; feeling: Feeling };

/** Oldest first, each where its time and its feeling put it. */
export function dots(moods: readonly Mood[], frame: Frame): Dot[] {
  const span = Math.max(1, frame.to - frame.from);
  return moods.toReversed().map(({ id, at, feeling }) => ({
    id,
    feeling,
    x: Math.min(1, Math.max(0, (Date.parse(at) - frame.from) / span)) * frame.width,
    y: level(feeling, frame.height),
  }));
}

export function level(feeling: Feeling, height: number): number {
  return height - (FEELINGS.indexOf(feeling) / (FEELINGS.length - 1)) * height;
}

export function path(places: readonly Dot[]): string {
  return places
    .map(({ x, y }, index) => `${index ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
}

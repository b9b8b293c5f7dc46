/** A course as a picture: totals in time, and the authors' ranges behind them. */

import type { MeasureCourse } from './types.ts';

export type Dot = { x: number; y: number; total: number; at: string };
export type Strip = { name: string; y: number; height: number };
export type Drawn = { dots: Dot[]; paths: string[]; strips: Strip[] };

/** A result without a total has no dot, and no line runs over it. */
export function draw(
  course: Pick<MeasureCourse, 'results' | 'bands' | 'highest'>,
  width: number,
  height: number,
): Drawn {
  const times = course.results.map((result) => Date.parse(result.at));
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
  const x = (index: number) =>
    last === first ? width / 2 : (((times[index] ?? first) - first) / (last - first)) * width;
  const y = (total: number) => height - (total / course.highest) * height;
  const dots: Dot[] = [];
  const runs: Dot[][] = [[]];
  course.results.forEach((result, index) => {
    if (result.total === null) return void runs.push([]);
    const dot = { x: x(index), y: y(result.total), total: result.total, at: result.at };
    dots.push(dot);
    runs.at(-1)?.push(dot);
  });
  return {
    dots,
    paths: runs.filter((run) => run.length > 1).map(path),
    strips: course.bands.map((band, index) => {
      const top = course.bands[index + 1]?.lowest ?? course.highest;
      return { name: band.name, y: y(top), height: y(band.lowest) - y(top) };
    }),
  };
}

function path(dots: readonly Dot[]): string {
  return dots
    .map(({ x, y }, index) => `${index ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
}

/** "10 to 14", for the range that a band stands for. */
export function rangeOf(
  course: Pick<MeasureCourse, 'bands' | 'highest'>,
  name: string,
): [number, number] | null {
  const at = course.bands.findIndex((band) => band.name === name);
  const band = course.bands[at];
  if (!band) return null;
  const next = course.bands[at + 1];
  return [band.lowest, next ? next.lowest - 1 : course.highest];
}

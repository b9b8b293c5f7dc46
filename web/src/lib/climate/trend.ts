/** Weeks as lines. A week that may not be shown is a gap, never a nought. */

export type Reading = {
  value: number | null;
  /** Both ends of its interval, or neither. */
  low?: number | null;
  high?: number | null;
};

export type Series = {
  name: string;
  readings: Reading[];
};

export type Frame = {
  width: number;
  height: number;
};

export type Place = {
  x: number;
  y: number;
};

export type Mark = Place & {
  /** Its neighbours are not shown: without its mark it could not be seen. */
  alone: boolean;
};

export type Line = {
  name: string;
  /** One path for each stretch of weeks that are shown. */
  paths: string[];
  /** What lies between the low and the high ends, a closed path for each stretch that has both. */
  bands: string[];
  marks: Mark[];
};

export function lines(series: readonly Series[], top: number, frame: Frame): Line[] {
  return series.map(({ name, readings }) => {
    const place = (index: number, value: number): Place => ({
      x: along(index, readings.length, frame.width),
      y: frame.height - (Math.min(value, top) / top) * frame.height,
    });
    const runs = stretches(readings, ({ value }) => value !== null);
    const sure = stretches(readings, (each) => (each.low ?? null) !== null);
    return {
      name,
      paths: runs.map((run) => path(run.map((index) => place(index, readings[index]?.value ?? 0)))),
      bands: sure.filter((run) => run.length > 1).map((run) => band(run, readings, place)),
      marks: runs.flatMap((run) =>
        run.map((index) => ({
          ...place(index, readings[index]?.value ?? 0),
          alone: run.length === 1,
        })),
      ),
    };
  });
}

/** Where the middle of a week stands: each has the same room, also one alone. */
export function along(index: number, count: number, width: number): number {
  return ((index + 0.5) / Math.max(1, count)) * width;
}

/** Where a day stands among the weeks that begin on `starts`; null when it lies in none. */
export function dayAlong(day: string, starts: readonly string[], width: number): number | null {
  const at = starts.findLastIndex((start) => start <= day);
  const start = starts[at];
  if (start === undefined || daysBetween(start, day) > 6) return null;
  return ((at + (daysBetween(start, day) + 0.5) / 7) / starts.length) * width;
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

function stretches(readings: readonly Reading[], shown: (each: Reading) => boolean): number[][] {
  const runs: number[][] = [];
  readings.forEach((reading, index) => {
    if (!shown(reading)) return;
    const run = runs.at(-1);
    if (run && run.at(-1) === index - 1) run.push(index);
    else runs.push([index]);
  });
  return runs;
}

function band(
  run: number[],
  readings: readonly Reading[],
  place: (index: number, value: number) => Place,
): string {
  const above = run.map((index) => place(index, readings[index]?.high ?? 0));
  const below = run.map((index) => place(index, readings[index]?.low ?? 0)).reverse();
  return `${path([...above, ...below])}Z`;
}

function path(places: readonly Place[]): string {
  return places
    .map(({ x, y }, index) => `${index ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
}

const STEPS = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10];

/** The next round number that holds the value, and whose half is whole too. */
export function niceTop(value: number): number {
  if (value <= 10) return 10;
  const power = 10 ** Math.floor(Math.log10(value));
  return (STEPS.find((step) => step * power >= value) ?? 10) * power;
}

export function topOf(series: readonly Series[]): number {
  const values = series.flatMap(({ readings }) =>
    readings.map((each) => each.high ?? each.value ?? 0),
  );
  return niceTop(Math.max(0, ...values));
}

/** The weeks that a label stands under: not more than fit, the newest always among them. */
export function labelled(count: number, most: number): number[] {
  const every = Math.max(1, Math.ceil(count / Math.max(1, most)));
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) => (count - 1 - index) % every === 0,
  );
}

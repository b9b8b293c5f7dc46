/** Lengths and spans as the server counts them: in code points, never in UTF-16 units. */

export const TEXT_LIMIT = 4_000;

export function codePoints(text: string): number {
  return Array.from(text).length;
}

export type Piece = { text: string; marked: boolean };

/** `text` cut at the spans' edges. Spans may overlap, and may reach past the end. */
export function marked(text: string, spans: readonly { start: number; end: number }[]): Piece[] {
  const points = Array.from(text);
  const pieces: Piece[] = [];
  points.forEach((point, index) => {
    const isMarked = spans.some(({ start, end }) => index >= start && index < end);
    const last = pieces.at(-1);
    if (last?.marked === isMarked) last.text += point;
    else pieces.push({ text: point, marked: isMarked });
  });
  return pieces;
}

/** Cuts a text at the noticed spans. Offsets are code points (as the server counts), not UTF-16 units. */

export type Marking = {
  start: number;
  end: number;
  signal: string;
};

export type Piece = {
  text: string;
  /** What was noticed here; empty for plain text. Spans may overlap. */
  signals: string[];
};

export function pieces(text: string, marks: readonly Marking[]): Piece[] {
  const points = Array.from(text);
  const inside = marks
    .map((mark) => clip(mark, points.length))
    .filter((mark) => mark.start < mark.end);
  const cuts = [
    ...new Set([0, points.length, ...inside.flatMap((mark) => [mark.start, mark.end])]),
  ];
  cuts.sort((a, b) => a - b);
  const cut = cuts.slice(1).map((end, index) => piece(points, inside, cuts[index] ?? 0, end));
  return joined(cut);
}

/** Neighbours that say the same are one mark: seen whole, and said once. */
function joined(cut: Piece[]): Piece[] {
  const found: Piece[] = [];
  for (const next of cut) {
    const last = found.at(-1);
    if (last && sameSignals(last, next)) last.text += next.text;
    else found.push({ ...next });
  }
  return found;
}

function sameSignals(one: Piece, other: Piece): boolean {
  const known = new Set(one.signals);
  return known.size === other.signals.length && other.signals.every((signal) => known.has(signal));
}

function clip(mark: Marking, length: number): Marking {
  return { ...mark, start: Math.max(0, mark.start), end: Math.min(length, mark.end) };
}

function piece(points: string[], marks: Marking[], start: number, end: number): Piece {
  const covering = marks.filter((mark) => mark.start <= start && mark.end >= end);
  return {
    text: points.slice(start, end).join(''),
    signals: [...new Set(covering.map((mark) => mark.signal))],
  };
}

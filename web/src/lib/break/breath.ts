/** A slow breath: four seconds in, six out; for two minutes. */

export const BREAK_S = 120;
const IN_S = 4;
const WHOLE_S = 10;

export function breathAt(passed_s: number): 'in' | 'out' {
  return passed_s % WHOLE_S < IN_S ? 'in' : 'out';
}

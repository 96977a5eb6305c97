/**
 * Draws a line with fewer points that looks the same: of each stretch its lowest and its highest point, in their order
 * (min/max aggregation; Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", PVLDB 7, 2014). A
 * spike of one step in a million stays.
 *
 * @module
 */

/** Points of a line, `x` ascending. NaN in `y` is a gap. */
export interface Line {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * Thins a line.
 * @param points how many points to keep at most, from 4; the first and the last are always kept
 * @returns the line itself where it has no more points than that
 */
export function downsample({ x, y }: Line, points: number): Line {
  if (x.length <= points) return { x, y };
  const stretches = Math.floor((points - 2) / 2);
  const kept = [0];
  for (let i = 0; i < stretches; i++) {
    const from = 1 + Math.floor((i * (x.length - 2)) / stretches);
    const to = 1 + Math.floor(((i + 1) * (x.length - 2)) / stretches);
    const [low, high] = extremes(y, from, to);
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  }
  kept.push(x.length - 1);
  return { x: Float64Array.from(kept, (i) => x[i]!), y: Float64Array.from(kept, (i) => y[i]!) };
}

/** Indices of the lowest and the highest point of a stretch; its first point where it has gaps alone. */
function extremes(y: Float64Array, from: number, to: number): [number, number] {
  let [low, high] = [from, from];
  for (let i = from + 1; i < to; i++) {
    const value = y[i]!;
    if (value < y[low]! || Number.isNaN(y[low])) low = i;
    if (value > y[high]! || Number.isNaN(y[high])) high = i;
  }
  return [low, high];
}

/** The points of a line between two x, and one more on either side, so that the line leaves the picture. */
export function clip({ x, y }: Line, from: number, to: number): Line {
  const begin = Math.max(0, firstAt(x, from) - 1);
  const last = firstAt(x, to);
  const end = Math.min(x.length, x[last] === to ? last + 2 : last + 1);
  return { x: x.subarray(begin, end), y: y.subarray(begin, end) };
}

/** Index of the first x at or above a value. */
export function firstAt(x: Float64Array, value: number): number {
  let low = 0;
  for (let high = x.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (x[middle]! >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What a chart draws of its lines: numbers alone, so that it can be tested without a browser. */

/** @typedef {ArrayLike<number | null>} Values */
/** @typedef {{ x: ArrayLike<number>, y: Values, low?: Values, high?: Values }} Line */

/**
 * Exponential moving average that does not lean towards its start, as TensorBoard has it.
 * @param {Values} y @param {number} weight of the past, 0 to below 1
 */
export function smoothed(y, weight) {
  let mean = 0;
  let mass = 0;
  return Array.from(y, (value) => {
    if (value === null || !Number.isFinite(value)) return null;
    mean = weight * mean + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return mean / mass;
  });
}

/** The nearest place at which a line has a point: lines are thinned out each for itself. @param {ArrayLike<number | null | undefined>} values @param {number} at */
export function nearestPoint(values, at) {
  for (let d = 0; d < values.length; d++) {
    if (values[at - d] != null) return at - d;
    if (values[at + d] != null) return at + d;
  }
  return at;
}

/**
 * Lines on one axis: the steps that any of them has, then the columns of each. See {@link columnsOf}.
 * @param {readonly Line[]} lines @param {number} smooth
 * @returns {(number | null | undefined)[][]}
 */
export function tableOf(lines, smooth) {
  const steps = new Set(lines.flatMap(({ x }) => Array.from(x)));
  const xs = [...steps].sort((a, b) => a - b);
  const places = new Map(xs.map((x, i) => [x, i]));
  const columns = lines.flatMap((line) =>
    columnsOf(line, smooth).map((values) => {
      /** @type {(number | null | undefined)[]} */
      const column = new Array(xs.length).fill(undefined);
      for (let i = 0; i < line.x.length; i++) {
        column[/** @type {number} */ (places.get(/** @type {number} */ (line.x[i])))] = values[i] ?? null;
      }
      return column;
    }),
  );
  return [xs, ...columns];
}

/** The columns of a line: as it is where it is smoothed, the edges of its band, and what is drawn boldly. @param {Line} line @param {number} smooth @returns {Values[]} */
function columnsOf({ y, low, high }, smooth) {
  const drawn = smooth > 0 ? smoothed(y, smooth) : y;
  if (low !== undefined && high !== undefined) return [low, high, drawn];
  return smooth > 0 ? [y, drawn] : [y];
}

/** The share of the values on either side that may be outliers. */
const TAIL = 0.01;

/**
 * Where most values lie, with a margin: a few far ones do not stretch it.
 * @param {readonly Values[]} series @returns {[number, number] | undefined} undefined where there is none
 */
export function within(series) {
  const ends = series.flatMap((values) => {
    const sorted = Array.from(values, (v) => v ?? Number.NaN)
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    if (sorted.length === 0) return [];
    const last = sorted.length - 1;
    const [low, high] = [sorted[Math.floor(TAIL * last)], sorted[Math.ceil((1 - TAIL) * last)]];
    return /** @type {[number, number][]} */ ([[low, high]]);
  });
  if (ends.length === 0) return undefined;
  const low = Math.min(...ends.map(([end]) => end));
  const high = Math.max(...ends.map(([, end]) => end));
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - margin, high + margin];
}

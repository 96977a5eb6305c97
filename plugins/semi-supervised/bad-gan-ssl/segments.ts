/**
 * How far points lie from the segments of Eq. (8): where generated features would lie if pg were pdBar's.
 *
 * @module
 */
import type { Key } from "../../../core/mod.ts";

/** Rows of one width, one behind the other. */
export interface Points {
  readonly values: Float32Array;
  /** Values of a row, ≥ 1. */
  readonly width: number;
}

/** Number of rows. */
const count = ({ values, width }: Points): number => values.length / width;

/**
 * For each point, the distance to the nearest of all segments from a row of `from` to a row of `to`.
 * @param points n rows
 * @param from a rows, e.g. features of labelled rows: the first row of a combination
 * @param to b rows, e.g. features of unlabelled rows: its second
 * @returns n Euclidean distances
 */
export function segmentDistances(points: Points, from: Points, to: Points): Float64Array {
  // of p − u, with d = l − u: dist² = |p − u|² − 2t(p − u)·d + t²|d|², t the nearest place in [0, 1]
  const [n, a, b] = [count(points), count(from), count(to)];
  const [ofPoints, ofFrom, ofTo] = [squares(points), squares(from), squares(to)];
  const [pointFrom, pointTo, fromTo] = [products(points, from), products(points, to), products(from, to)];
  return Float64Array.from({ length: n }, (_, i) => {
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < b; k++) {
      const apart = ofPoints[i]! - 2 * pointTo[i * b + k]! + ofTo[k]!; // |p − u|²
      for (let j = 0; j < a; j++) {
        const inner = fromTo[j * b + k]!; // l·u
        const length = ofFrom[j]! - 2 * inner + ofTo[k]!; // |d|²
        const along = pointFrom[i * a + j]! - pointTo[i * b + k]! - inner + ofTo[k]!; // (p − u)·d
        const t = length > 0 ? Math.min(1, Math.max(0, along / length)) : 0;
        const distance = apart - 2 * t * along + t * t * length;
        if (distance < least) least = distance;
      }
    }
    return Math.sqrt(Math.max(0, least)); // rounding may go below 0
  });
}

/** Squared lengths of rows. */
function squares({ values, width }: Points): Float64Array {
  return Float64Array.from({ length: values.length / width }, (_, i) => {
    let sum = 0;
    for (let c = i * width; c < (i + 1) * width; c++) sum += values[c]! ** 2;
    return sum;
  });
}

/** Inner products of all rows of x with all of y, row-major. */
function products(x: Points, y: Points): Float64Array {
  const { width } = x;
  const [n, m] = [count(x), count(y)];
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let c = 0; c < width; c++) sum += x.values[i * width + c]! * y.values[j * width + c]!;
      out[i * m + j] = sum;
    }
  }
  return out;
}

/** Points that have each feature of the rows given, but from a row of its own: what is there if features were independent. */
export function shuffledFeatures({ values, width }: Points, key: Key): Points {
  const n = values.length / width;
  const out = new Float32Array(values.length);
  for (let c = 0; c < width; c++) {
    key
      .fold(c)
      .permutation(n)
      .forEach((row, i) => {
        out[i * width + c] = values[row * width + c]!;
      });
  }
  return { values: out, width };
}

/** Root of the mean squared distance of rows from their mean. */
export function spreadOf({ values, width }: Points): number {
  const n = values.length / width;
  const mean = new Float64Array(width);
  values.forEach((value, i) => {
    mean[i % width]! += value / n;
  });
  let sum = 0;
  values.forEach((value, i) => {
    sum += (value - mean[i % width]!) ** 2;
  });
  return Math.sqrt(sum / n);
}

/** Labelled rows, and points of each kind, that are looked at: more would say no more. */
const [LABELED, POINTS] = [100, 200];

/** Mean distances to the nearest segment, over the spread of unlabelled features. */
export type SegmentDistances = {
  /** Of generated features. */
  readonly generatedToSegments: number;
  /** Of features of other unlabelled rows. */
  readonly unlabeledToSegments: number;
  /** Of {@link shuffledFeatures}. */
  readonly shuffledToSegments: number;
};

/**
 * Eq. (8) as numbers: how far generated features lie from the segments between labelled and unlabelled ones. Half of the
 * unlabelled rows end the segments, the other half are points.
 * @param features of labelled, unlabelled and generated rows
 * @returns undefined where there are too few rows, or all features are the same
 */
export function segmentDistancesOf(
  features: Readonly<Record<"labeled" | "unlabeled" | "generated", Points>>,
  key: Key,
): SegmentDistances | undefined {
  const { unlabeled } = features;
  const half = Math.floor(count(unlabeled) / 2);
  const from = first(features.labeled, LABELED);
  const [to, others] = [first(unlabeled, half), first(unlabeled, POINTS, half)];
  const spread = spreadOf(unlabeled);
  if (half === 0 || count(from) === 0 || !(spread > 0)) return undefined;
  const mean = (points: Points): number => {
    const distances = segmentDistances(points, from, to);
    return distances.reduce((sum, d) => sum + d, 0) / distances.length / spread;
  };
  return {
    generatedToSegments: mean(first(features.generated, POINTS)),
    unlabeledToSegments: mean(others),
    shuffledToSegments: mean(first(shuffledFeatures(unlabeled, key), POINTS)),
  };
}

/** At most n rows, from a row on. */
function first({ values, width }: Points, n: number, from = 0): Points {
  return { values: values.subarray(from * width, (from + n) * width), width };
}

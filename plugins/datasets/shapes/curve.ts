/**
 * Geometry of a curve in the plane given by a formula.
 *
 * @module
 */
import type { Geometry } from "../../../core/mod.ts";

/** Number of pieces into which a curve is cut to begin the search. */
const PIECES = 2048;
/** Golden sections of the search interval of two pieces; they leave a millionth of a piece. */
const NARROWINGS = 32;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** A point in the plane. */
export type Point = readonly [x: number, y: number];

/**
 * The geometry of the curve `point(t)`, t from `from` to `to`. The nearest point is found among the ends of 2048 pieces
 * and refined by a golden-section search over the two pieces that meet there, so that neighbouring turns of a spiral
 * are told apart wherever they are farther apart than a piece is long. The offset is positive to the right of
 * the curve's direction; the position is the share of the arc length.
 */
export function curveGeometry(point: (t: number) => Point, from: number, to: number): Geometry {
  const step = (to - from) / PIECES;
  const ends = Array.from({ length: PIECES + 1 }, (_, i) => point(from + i * step));
  const xs = Float64Array.from(ends, ([x]) => x);
  const ys = Float64Array.from(ends, ([, y]) => y);
  const lengths = new Float64Array(PIECES + 1);
  for (let i = 1; i <= PIECES; i++) {
    lengths[i] = lengths[i - 1]! + Math.hypot(xs[i]! - xs[i - 1]!, ys[i]! - ys[i - 1]!);
  }

  const nearestEnd = (x: number, y: number): number => {
    let best = 0;
    let least = Infinity;
    for (let i = 0; i <= PIECES; i++) {
      const [dx, dy] = [xs[i]! - x, ys[i]! - y];
      const square = dx * dx + dy * dy;
      if (square < least) [best, least] = [i, square];
    }
    return best;
  };

  /** The place of the nearest point, in pieces from the start. */
  const nearest = (x: number, y: number): number => {
    const end = nearestEnd(x, y);
    const distance = (place: number): number => {
      const [cx, cy] = point(from + place * step);
      return Math.hypot(cx - x, cy - y);
    };
    return minimum(distance, Math.max(0, end - 1), Math.min(PIECES, end + 1));
  };

  return {
    locate(points) {
      const n = points.length / 2;
      const offset = new Float32Array(n);
      const position = new Float32Array(n);
      for (let i = 0; i < n; i++) {
        const [x, y] = [points[2 * i]!, points[2 * i + 1]!];
        const place = nearest(x, y);
        const piece = Math.min(PIECES - 1, Math.floor(place));
        const [cx, cy] = point(from + place * step);
        const [tx, ty] = [xs[piece + 1]! - xs[piece]!, ys[piece + 1]! - ys[piece]!];
        const right = ty * (x - cx) - tx * (y - cy) >= 0;
        const length = lengths[piece]! + (place - piece) * (lengths[piece + 1]! - lengths[piece]!);
        offset[i] = Math.hypot(x - cx, y - cy) * (right ? 1 : -1);
        position[i] = belowOne(length / lengths[PIECES]!);
      }
      return { offset, position };
    },
  };
}

/** Where a function with one minimum in [low, high] has it (golden-section search, ends included). */
function minimum(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  let [c, d] = [b - GOLDEN * (b - a), a + GOLDEN * (b - a)];
  let [fc, fd] = [f(c), f(d)];
  for (let i = 0; i < NARROWINGS; i++) {
    if (fc < fd) {
      [b, d, fd] = [d, c, fc];
      c = b - GOLDEN * (b - a);
      fc = f(c);
    } else {
      [a, c, fc] = [c, d, fd];
      d = a + GOLDEN * (b - a);
      fd = f(d);
    }
  }
  const middle = (a + b) / 2;
  return [low, high].reduce((best, end) => (f(end) < f(best) ? end : best), middle);
}

/** A share as a position: 1 itself, and what float32 would round to 1, becomes the float32 just below. */
export function belowOne(share: number): number {
  return Math.min(share, 1 - 2 ** -24);
}

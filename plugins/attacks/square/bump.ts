/**
 * The shapes of the square attack in ℓ2 and ℓ1: Sec. 4.3 of the paper, Eq. (2) and Fig. 4; in ℓ1 those of F. Croce,
 * M. Hein, "Mind the box", ICML 2021, Sec. 5, which fall faster.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";

/** Norms whose squares are bumps. */
export type BumpNorm = "l2" | "l1";

/** How a bump falls, its m-th ring by 1/m to this power, and how long values are together. */
const SHAPES: Readonly<
  Record<
    BumpNorm,
    { readonly power: number; readonly half: number; length(values: readonly number[]): number }
  >
> = {
  l2: { power: 2, half: Math.SQRT1_2, length: (values) => Math.hypot(...values) },
  l1: { power: 4, half: 0.5, length: (values) => values.reduce((sum, v) => sum + Math.abs(v), 0) },
};

/**
 * Two rectangles side by side, of opposite signs, each falling from its centre by rings; of length 1 in the norm.
 * @param side rows and columns of the bump, ≥ 2
 * @param width rows and columns of the table that it stands in, upper left; 0 elsewhere
 */
export function bump(side: number, width: number, norm: BumpNorm): number[][] {
  const half = Math.floor(side / 2);
  const table = Array.from({ length: width }, () => new Array<number>(width).fill(0));
  const put = (rows: number[][], from: number, sign: number): void =>
    rows.forEach((row, r) => {
      row.forEach((value, c) => {
        table[from + r]![c] = sign * value * SHAPES[norm].half;
      });
    });
  put(rectangle(half, side, norm), 0, 1);
  put(rectangle(side - half, side, norm), half, -1);
  return table;
}

/** Sums of nested squares around the centre, each weighing less; of length 1. */
function rectangle(rows: number, columns: number, norm: BumpNorm): number[][] {
  const { power, length } = SHAPES[norm];
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const rings = Math.max(top, left) + 1;
  const height = (ring: number): number => {
    let sum = 0;
    for (let m = ring + 1; m <= rings; m++) sum += m ** -power;
    return sum;
  };
  const values = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (_, c) => height(Math.max(Math.abs(r - top), Math.abs(c - left)))),
  );
  const whole = length(values.flat());
  return values.map((row) => row.map((value) => value / whole));
}

/** Bumps in a grid of about five by five over an image, each times a number of its own: `[n, h, w, c]`. */
export function tiles(
  [height, width]: readonly [number, number, number],
  norm: BumpNorm,
  numbers: (rows: number, columns: number) => tf.Tensor,
): tf.Tensor {
  const side = Math.max(2, Math.floor(Math.min(height, width) / 5));
  const [rows, columns] = [Math.floor(height / side), Math.floor(width / side)];
  const each = numbers(rows, columns); // [n, rows, columns, c]
  const [n, , , channels] = each.shape as [number, number, number, number];
  const one = tf.reshape(tf.tensor2d(bump(side, side, norm)), [1, 1, side, 1, side, 1]);
  const grid = tf.mul(tf.reshape(each, [n, rows, 1, columns, 1, channels]), one);
  const placed = tf.reshape(grid, [n, rows * side, columns * side, channels]) as tf.Tensor4D;
  const [down, right] = [height - rows * side, width - columns * side];
  const [above, before] = [Math.floor(down / 2), Math.floor(right / 2)];
  return tf.pad(placed, [
    [0, 0],
    [above, down - above],
    [before, right - before],
    [0, 0],
  ]);
}

/**
 * Blurs and mosaics of pictures.
 *
 * @module
 */

/** An image: `[height, width, channels]` row by row, of values from 0 to 1. */
export interface Picture {
  readonly values: Float32Array;
  readonly size: readonly [height: number, width: number, channels: number];
}

/** What a blur weighs: offsets in pixels, and weights that sum to 1. */
export type Kernel = readonly { readonly down: number; readonly right: number; readonly weight: number }[];

/** Where a blur looks for what lies beyond the edge of a length: which pixel stands for one at `at`. */
export type Edge = (at: number, length: number) => number;

/** The edge goes on: `0 0 | 0 1 2 … n−1 | n−1 n−1`; so scikit-image and ImageMagick have it. */
export const nearest: Edge = (at, length) => Math.min(length - 1, Math.max(0, at));

/** `2 1 | 0 1 2 … n−1 | n−2 n−3`; so OpenCV has it. */
export const mirrored: Edge = (at, length) => {
  const period = Math.max(1, 2 * (length - 1));
  const round = ((at % period) + period) % period;
  return round < length ? round : period - round;
};

function ofLength1(all: Kernel): Kernel {
  const sum = all.reduce((total, { weight }) => total + weight, 0);
  return all.map(({ weight, ...at }) => ({ ...at, weight: weight / sum }));
}

const bell = (square: number, deviation: number): number => Math.exp(-square / (2 * deviation ** 2));

/** −reach to reach */
const around = (reach: number): number[] => Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);

/** A bell of a standard deviation, cut off at four of them as scikit-image does: down, then to the right. */
export function gaussian(deviation: number): readonly [down: Kernel, right: Kernel] {
  const offsets = around(Math.floor(4 * deviation + 0.5));
  const weights = offsets.map((at) => ({ at, weight: bell(at * at, deviation) }));
  return [
    ofLength1(weights.map(({ at, weight }) => ({ down: at, right: 0, weight }))),
    ofLength1(weights.map(({ at, weight }) => ({ down: 0, right: at, weight }))),
  ];
}

/** Discs of a larger radius have a softer edge, and a table that they fill. */
const LARGE = 8;

/**
 * A disc of whole pixels, its edge softened by a bell over the 3 × 3 pixels around each, 5 × 5 for large ones. As in the
 * authors' script it stands in a table, beyond whose edge it is mirrored: a disc that fills its table does not weigh 1 in
 * all, and changes the light by up to a hundredth.
 */
export function disc(radius: number, alias: number): Kernel {
  const side = Math.max(LARGE, Math.floor(radius));
  const soft = around(radius <= LARGE ? 1 : 2);
  const inside = (at: number): number => mirrored(at + side, 2 * side + 1) - side;
  const covered = (y: number, x: number): boolean => inside(y) ** 2 + inside(x) ** 2 <= radius * radius;
  const table = around(side).flatMap((down) => around(side).map((right) => ({ down, right })));
  const pixels = table.filter(({ down, right }) => covered(down, right)).length;
  const bells = ofLength1(
    soft.flatMap((v) => soft.map((u) => ({ down: v, right: u, weight: bell(v * v + u * u, alias) }))),
  );
  const softened = table.map(({ down, right }) => ({
    ...{ down, right },
    weight: bells.reduce(
      (sum, one) => sum + (covered(down + one.down, right + one.right) ? one.weight / pixels : 0),
      0,
    ),
  }));
  return softened.filter(({ weight }) => weight > 0);
}

/** A line from the pixel on, twice as long as the radius, fading by a bell: what a moving camera sees. As ImageMagick has it. */
export function line(radius: number, deviation: number, angle: number): Kernel {
  return ofLength1(
    Array.from({ length: 2 * Math.ceil(radius) + 1 }, (_, at) => ({
      down: Math.ceil(at * Math.sin(angle) - 0.5),
      right: Math.ceil(at * Math.cos(angle) - 0.5),
      weight: bell(at * at, deviation),
    })),
  );
}

/** Weighted means around each pixel. */
export function blurred(
  { values, size: [height, width, channels] }: Picture,
  weights: Kernel,
  edge: Edge,
): Float32Array {
  const out = new Float32Array(values.length);
  for (const { down, right, weight } of weights) {
    for (let row = 0; row < height; row++) {
      const from = edge(row + down, height) * width;
      for (let column = 0; column < width; column++) {
        const source = (from + edge(column + right, width)) * channels;
        const target = (row * width + column) * channels;
        for (let c = 0; c < channels; c++) out[target + c]! += weight * values[source + c]!;
      }
    }
  }
  return out;
}

/**
 * The picture at a share of its size, and back again: each pixel is that of the box it lies in. A box is the mean of the
 * pixels whose middles lie in it, as Pillow's `BOX` has it.
 */
export function pixelated({ values, size: [height, width, channels] }: Picture, share: number): Float32Array {
  const [rows, columns] = [height, width].map((length) => Math.max(1, Math.floor(length * share)));
  const tall = Array.from({ length: rows! }, (_, i) => middlesIn(i, rows!, height));
  const wide = Array.from({ length: columns! }, (_, i) => middlesIn(i, columns!, width));
  const small = Float32Array.from({ length: rows! * columns! * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const [down, right] = [tall[Math.floor(pixel / columns!)]!, wide[pixel % columns!]!];
    const all = down.flatMap((y) => right.map((x) => values[(y * width + x) * channels + (i % channels)]!));
    return all.reduce((sum, value) => sum + value, 0) / all.length;
  });
  return values.map((_, i) => {
    const pixel = Math.floor(i / channels);
    const y = Math.floor(((Math.floor(pixel / width) + 0.5) * rows!) / height);
    const x = Math.floor((((pixel % width) + 0.5) * columns!) / width);
    return small[(y * columns! + x) * channels + (i % channels)]!;
  });
}

/** Which of `length` pixels have their middle in box i of n, or at its upper end. */
function middlesIn(i: number, n: number, length: number): number[] {
  const [from, to] = [(i * length) / n, ((i + 1) * length) / n];
  return Array.from({ length }, (_, pixel) => pixel).filter(
    (pixel) => pixel + 0.5 > from && pixel + 0.5 <= to,
  );
}

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

/** Offsets whose weight is no less than this share of the largest one matter. */
const LEAST = 1e-3;

function kernel(reach: number, weigh: (down: number, right: number) => number): Kernel {
  const side = Math.ceil(reach);
  const offsets = Array.from({ length: 2 * side + 1 }, (_, i) => i - side);
  const all = offsets.flatMap((down) =>
    offsets.map((right) => ({ down, right, weight: weigh(down, right) })),
  );
  const most = Math.max(...all.map(({ weight }) => weight));
  return ofLength1(all.filter(({ weight }) => weight >= LEAST * most));
}

function ofLength1(all: Kernel): Kernel {
  const sum = all.reduce((total, { weight }) => total + weight, 0);
  return all.map(({ weight, ...at }) => ({ ...at, weight: weight / sum }));
}

const bell = (square: number, deviation: number): number => Math.exp(-square / (2 * deviation ** 2));

/** A bell of a standard deviation. */
export const gaussian = (deviation: number): Kernel =>
  kernel(4 * deviation, (down, right) => bell(down ** 2 + right ** 2, deviation));

/** Points of a pixel's side at which a disc is looked at. */
const FINE = 8;

/** A disc of a radius, its edge softened by a bell: what lies out of focus. */
export function disc(radius: number, alias: number): Kernel {
  const places = Array.from({ length: FINE }, (_, i) => (i + 0.5) / FINE - 0.5);
  const reach = Math.max(radius, 0.5);
  const hard = kernel(reach, (down, right) =>
    places.reduce((sum, y) => sum + places.filter((x) => Math.hypot(down + y, right + x) <= reach).length, 0),
  );
  return kernel(radius + 4 * alias, (down, right) =>
    hard.reduce(
      (sum, one) => sum + one.weight * bell((down - one.down) ** 2 + (right - one.right) ** 2, alias),
      0,
    ),
  );
}

/** A line from the pixel on, fading by a bell: what a moving camera sees. */
export function line(length: number, deviation: number, angle: number): Kernel {
  const all = Array.from({ length: Math.floor(length) + 1 }, (_, at) => {
    const [y, x] = [at * Math.sin(angle), at * Math.cos(angle)];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    return [0, 1].flatMap((down) =>
      [0, 1].map((right) => ({
        down: top + down,
        right: left + right,
        // a point between four pixels is shared among them
        weight: bell(at ** 2, deviation) * (1 - Math.abs(y - top - down)) * (1 - Math.abs(x - left - right)),
      })),
    );
  });
  return ofLength1(all.flat().filter(({ weight }) => weight > 0));
}

/** Weighted means around each pixel; beyond the edge the picture is mirrored. */
export function blurred({ values, size: [height, width, channels] }: Picture, weights: Kernel): Float32Array {
  const out = new Float32Array(values.length);
  for (const { down, right, weight } of weights) {
    for (let row = 0; row < height; row++) {
      const from = mirrored(row + down, height) * width;
      for (let column = 0; column < width; column++) {
        const source = (from + mirrored(column + right, width)) * channels;
        const target = (row * width + column) * channels;
        for (let c = 0; c < channels; c++) out[target + c]! += weight * values[source + c]!;
      }
    }
  }
  return out;
}

/** `… 1 0 | 0 1 2 … n−1 | n−1 n−2 …` */
function mirrored(at: number, length: number): number {
  const round = ((at % (2 * length)) + 2 * length) % (2 * length);
  return round < length ? round : 2 * length - 1 - round;
}

/** The picture at a share of its size, by means over boxes, and back again: each pixel is that of the box it lies in. */
export function pixelated({ values, size: [height, width, channels] }: Picture, share: number): Float32Array {
  const [rows, columns] = [height, width].map((length) => Math.max(1, Math.floor(length * share)));
  const tall = Array.from({ length: rows! }, (_, i) => covered(i, rows!, height));
  const wide = Array.from({ length: columns! }, (_, i) => covered(i, columns!, width));
  const box = (row: number, column: number, c: number): number =>
    tall[row]!.reduce(
      (sum, [y, down]) =>
        wide[column]!.reduce(
          (part, [x, right]) => part + down * right * values[(y * width + x) * channels + c]!,
          sum,
        ),
      0,
    );
  const small = Float32Array.from({ length: rows! * columns! * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return box(Math.floor(pixel / columns!), pixel % columns!, i % channels);
  });
  return values.map((_, i) => {
    const pixel = Math.floor(i / channels);
    const y = Math.floor(((Math.floor(pixel / width) + 0.5) * rows!) / height);
    const x = Math.floor((((pixel % width) + 0.5) * columns!) / width);
    return small[(y * columns! + x) * channels + (i % channels)]!;
  });
}

/** Which of `length` pixels box i of n lies over, each with its share of the box. */
function covered(i: number, n: number, length: number): [pixel: number, share: number][] {
  const [from, to] = [(i * length) / n, ((i + 1) * length) / n];
  const pixels: [number, number][] = [];
  for (let pixel = Math.floor(from); pixel < to - 1e-9; pixel++) {
    pixels.push([pixel, (Math.min(to, pixel + 1) - Math.max(from, pixel)) / (to - from)]);
  }
  return pixels;
}

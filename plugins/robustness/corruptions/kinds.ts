/**
 * Corruptions of an image, ten kinds of five severities each: those of CIFAR-10-C and ImageNet-C that need neither
 * photographs nor a JPEG encoder, and some of their extra ones.
 * D. Hendrycks, T. Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019;
 * the numbers are those of the authors' scripts.
 *
 * @module
 */
import type { Key } from "../../../core/mod.ts";
import { blurred, disc, gaussian, line, mirrored, nearest, type Picture, pixelated } from "./filters.ts";

/** Five severities, the mildest first. */
export const SEVERITIES = [1, 2, 3, 4, 5] as const;

/** Corrupts a picture; what it gives may lie outside of 0 to 1, and is clipped. */
type Corrupt = (picture: Picture, key: Key) => Float32Array;

/** Whose numbers: those of CIFAR-10-C are for images of 32 × 32 pixels, those of ImageNet-C for 224 × 224. */
export const SUITES = ["cifar-10-c", "imagenet-c"] as const;
export type Suite = (typeof SUITES)[number];

type Five<T> = readonly [T, T, T, T, T];

/** A kind of corruption, from its number (or numbers) at each severity, in either suite. */
const kind = <T>(
  cifar: Five<T>,
  imagenet: Five<T>,
  corrupt: (at: T, side: number) => Corrupt,
): Readonly<Record<Suite, readonly Corrupt[]>> => ({
  "cifar-10-c": cifar.map((at) => corrupt(at, 32)),
  "imagenet-c": imagenet.map((at) => corrupt(at, 224)),
});

/** Above this mean, the normal distribution is as good as Poisson's. */
const MANY = 50;

/** A Poisson number, from a uniform and a normal one. */
function poisson(mean: number, uniform: number, normal: number): number {
  if (mean > MANY) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  let [count, share] = [0, Math.exp(-mean)];
  for (let sum = share; uniform > sum && count < 4 * MANY; sum += share) {
    count++;
    share *= mean / count;
  }
  return count;
}

/** Widths in pixels are those for images of a side, and grow with larger ones. */
const scaleOf = ({ size: [height, width] }: Picture, side: number): number =>
  Math.max(1, Math.min(height, width) / side);

/** Brightness is the largest of the channels: hue and saturation stay. */
function brightened({ values, size: [, , channels] }: Picture, by: number): Float32Array {
  return values.map((x, i) => {
    const pixel = Math.floor(i / channels) * channels;
    const most = Math.max(...values.subarray(pixel, pixel + channels));
    const next = Math.min(1, most + by);
    return most > 0 ? (x * next) / most : next;
  });
}

/** Distances from the mean of each channel, so many times as large. */
function faded({ values, size: [, , channels] }: Picture, factor: number): Float32Array {
  const means = new Float64Array(channels);
  values.forEach((x, i) => {
    means[i % channels]! += (x * channels) / values.length;
  });
  return values.map((x, i) => (x - means[i % channels]!) * factor + means[i % channels]!);
}

/** The kinds by name: a corruption for each severity. */
export const KINDS = {
  "gaussian-noise": kind(
    [0.04, 0.06, 0.08, 0.09, 0.1],
    [0.08, 0.12, 0.18, 0.26, 0.38],
    (deviation) =>
      ({ values }, key) => {
        const noise = key.normalArray(values.length, 0, deviation);
        return values.map((x, i) => x + noise[i]!);
      },
  ),
  "shot-noise": kind([500, 250, 100, 75, 50], [60, 25, 12, 5, 3], (photons) => ({ values }, key) => {
    const uniform = key.fold("uniform").uniformArray(values.length);
    const normal = key.fold("normal").normalArray(values.length);
    return values.map((x, i) => poisson(x * photons, uniform[i]!, normal[i]!) / photons);
  }),
  "impulse-noise": kind(
    [0.01, 0.02, 0.03, 0.05, 0.07],
    [0.03, 0.06, 0.09, 0.17, 0.27],
    (share) =>
      ({ values }, key) => {
        const uniform = key.uniformArray(values.length);
        return values.map((x, i) => (uniform[i]! < share / 2 ? 0 : uniform[i]! < share ? 1 : x));
      },
  ),
  "speckle-noise": kind(
    [0.06, 0.1, 0.12, 0.16, 0.2],
    [0.15, 0.2, 0.35, 0.45, 0.6],
    (deviation) =>
      ({ values }, key) => {
        const noise = key.normalArray(values.length, 0, deviation);
        return values.map((x, i) => x + x * noise[i]!);
      },
  ),
  "gaussian-blur": kind([0.4, 0.6, 0.7, 0.8, 1], [1, 2, 3, 4, 6], (deviation, side) => (picture) => {
    const [down, right] = gaussian(deviation * scaleOf(picture, side));
    return blurred({ ...picture, values: blurred(picture, down, nearest) }, right, nearest);
  }),
  "defocus-blur": kind(
    [
      { radius: 0.3, alias: 0.4 },
      { radius: 0.4, alias: 0.5 },
      { radius: 0.5, alias: 0.6 },
      { radius: 1, alias: 0.2 },
      { radius: 1.5, alias: 0.1 },
    ],
    [
      { radius: 3, alias: 0.1 },
      { radius: 4, alias: 0.5 },
      { radius: 6, alias: 0.5 },
      { radius: 8, alias: 0.5 },
      { radius: 10, alias: 0.5 },
    ],
    ({ radius, alias }, side) =>
      (picture) =>
        blurred(picture, disc(radius * scaleOf(picture, side), alias), mirrored),
  ),
  "motion-blur": kind(
    [
      { radius: 6, deviation: 1 },
      { radius: 6, deviation: 1.5 },
      { radius: 6, deviation: 2 },
      { radius: 8, deviation: 2 },
      { radius: 9, deviation: 2.5 },
    ],
    [
      { radius: 10, deviation: 3 },
      { radius: 15, deviation: 5 },
      { radius: 15, deviation: 8 },
      { radius: 15, deviation: 12 },
      { radius: 20, deviation: 15 },
    ],
    ({ radius, deviation }, side) =>
      (picture, key) => {
        const [angle] = key.uniformArray(1, -Math.PI / 4, Math.PI / 4);
        const scale = scaleOf(picture, side);
        return blurred(picture, line(radius * scale, deviation * scale, angle!), nearest);
      },
  ),
  brightness: kind(
    [0.05, 0.1, 0.15, 0.2, 0.3],
    [0.1, 0.2, 0.3, 0.4, 0.5],
    (by) => (picture) => brightened(picture, by),
  ),
  contrast: kind(
    [0.75, 0.5, 0.4, 0.3, 0.15],
    [0.4, 0.3, 0.2, 0.1, 0.05],
    (factor) => (picture) => faded(picture, factor),
  ),
  pixelate: kind(
    [0.95, 0.9, 0.85, 0.75, 0.65],
    [0.6, 0.5, 0.4, 0.3, 0.25],
    (share) => (picture) => pixelated(picture, share),
  ),
} satisfies Readonly<Record<string, Readonly<Record<Suite, readonly Corrupt[]>>>>;

/** Names of the kinds. */
export type KindName = keyof typeof KINDS;

/** A corrupted picture, a function of all that is given. @param severity 1 to 5 */
export function corrupted(
  picture: Picture,
  name: KindName,
  severity: number,
  key: Key,
  suite: Suite = "cifar-10-c",
): Float32Array {
  const made = KINDS[name][suite][severity - 1]!(picture, key.fold(name, severity));
  return made.map((x) => Math.min(1, Math.max(0, x)));
}

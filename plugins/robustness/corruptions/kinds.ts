/**
 * Corruptions of an image, ten kinds of five severities each: those of CIFAR-10-C that need neither photographs nor a JPEG
 * encoder, and some of its extra ones.
 * D. Hendrycks, T. Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019;
 * the numbers are those of the authors' script for CIFAR-10-C.
 *
 * @module
 */
import type { Key } from "../../../core/mod.ts";
import { blurred, disc, gaussian, line, type Picture, pixelated } from "./filters.ts";

/** Five severities, the mildest first. */
export const SEVERITIES = [1, 2, 3, 4, 5] as const;

/** Corrupts a picture; what it gives may lie outside of 0 to 1, and is clipped. */
type Corrupt = (picture: Picture, key: Key) => Float32Array;

/** A kind of corruption, from its number (or numbers) at each severity. */
const kind = <T>(numbers: readonly [T, T, T, T, T], corrupt: (at: T) => Corrupt): readonly Corrupt[] =>
  numbers.map(corrupt);

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

/** A camera's widths are those for images of this side, and grow with larger ones. */
const SIDE = 32;
const scaleOf = ({ size: [height, width] }: Picture): number => Math.max(1, Math.min(height, width) / SIDE);

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
  "gaussian-noise": kind([0.04, 0.06, 0.08, 0.09, 0.1], (deviation) => ({ values }, key) => {
    const noise = key.normalArray(values.length, 0, deviation);
    return values.map((x, i) => x + noise[i]!);
  }),
  "shot-noise": kind([500, 250, 100, 75, 50], (photons) => ({ values }, key) => {
    const uniform = key.fold("uniform").uniformArray(values.length);
    const normal = key.fold("normal").normalArray(values.length);
    return values.map((x, i) => poisson(x * photons, uniform[i]!, normal[i]!) / photons);
  }),
  "impulse-noise": kind([0.01, 0.02, 0.03, 0.05, 0.07], (share) => ({ values }, key) => {
    const uniform = key.uniformArray(values.length);
    return values.map((x, i) => (uniform[i]! < share / 2 ? 0 : uniform[i]! < share ? 1 : x));
  }),
  "speckle-noise": kind([0.06, 0.1, 0.12, 0.16, 0.2], (deviation) => ({ values }, key) => {
    const noise = key.normalArray(values.length, 0, deviation);
    return values.map((x, i) => x + x * noise[i]!);
  }),
  "gaussian-blur": kind(
    [0.4, 0.6, 0.7, 0.8, 1],
    (deviation) => (picture) => blurred(picture, gaussian(deviation * scaleOf(picture))),
  ),
  "defocus-blur": kind(
    [
      { radius: 0.3, alias: 0.4 },
      { radius: 0.4, alias: 0.5 },
      { radius: 0.5, alias: 0.6 },
      { radius: 1, alias: 0.2 },
      { radius: 1.5, alias: 0.1 },
    ],
    ({ radius, alias }) =>
      (picture) =>
        blurred(picture, disc(radius * scaleOf(picture), alias * scaleOf(picture))),
  ),
  "motion-blur": kind(
    [
      { length: 6, deviation: 1 },
      { length: 6, deviation: 1.5 },
      { length: 6, deviation: 2 },
      { length: 8, deviation: 2 },
      { length: 9, deviation: 2.5 },
    ],
    ({ length, deviation }) =>
      (picture, key) => {
        const [angle] = key.uniformArray(1, -Math.PI / 4, Math.PI / 4);
        return blurred(picture, line(length * scaleOf(picture), deviation * scaleOf(picture), angle!));
      },
  ),
  brightness: kind([0.05, 0.1, 0.15, 0.2, 0.3], (by) => (picture) => brightened(picture, by)),
  contrast: kind([0.75, 0.5, 0.4, 0.3, 0.15], (factor) => (picture) => faded(picture, factor)),
  pixelate: kind([0.95, 0.9, 0.85, 0.75, 0.65], (share) => (picture) => pixelated(picture, share)),
} satisfies Readonly<Record<string, readonly Corrupt[]>>;

/** Names of the kinds. */
export type KindName = keyof typeof KINDS;

/** A corrupted picture, a function of all that is given. @param severity 1 to 5 */
export function corrupted(picture: Picture, name: KindName, severity: number, key: Key): Float32Array {
  const made = KINDS[name][severity - 1]!(picture, key.fold(name, severity));
  return made.map((x) => Math.min(1, Math.max(0, x)));
}

/**
 * Moments of samples, held against theory.
 *
 * @module
 */
import type { Test } from "tap";

/** Arithmetic mean. */
export function mean(x: ArrayLike<number>): number {
  return Array.from(x).reduce((a, b) => a + b, 0) / x.length;
}

/** Mean square distance from the mean. */
export function variance(x: ArrayLike<number>): number {
  const m = mean(x);
  return mean(Array.from(x, (v) => (v - m) ** 2));
}

/** What the mean, the variance and the fourth central moment of a distribution are. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly fourth: number;
}

/** U[low, high]. */
export function uniformMoments(low: number, high: number): Moments {
  const width = high - low;
  return { mean: (low + high) / 2, variance: width ** 2 / 12, fourth: width ** 4 / 80 };
}

/** N(mean, deviation²). */
export function normalMoments(mean: number, deviation: number): Moments {
  return { mean, variance: deviation ** 2, fourth: 3 * deviation ** 4 };
}

/** The sum of two independent numbers. */
export function sumOf(a: Moments, b: Moments): Moments {
  return {
    mean: a.mean + b.mean,
    variance: a.variance + b.variance,
    fourth: a.fourth + 6 * a.variance * b.variance + b.fourth,
  };
}

/** Independent draws have these moments, to 5 standard errors of their mean and of their variance. */
export function checkMoments(t: Test, x: ArrayLike<number>, expected: Moments): void {
  const [seenMean, seenVariance] = [mean(x), variance(x)];
  const meanError = Math.sqrt(expected.variance / x.length);
  const varianceError = Math.sqrt((expected.fourth - expected.variance ** 2) / x.length);
  t.ok(Math.abs(seenMean - expected.mean) < 5 * meanError, `mean ${seenMean} for ${expected.mean}`);
  t.ok(
    Math.abs(seenVariance - expected.variance) < 5 * varianceError,
    `variance ${seenVariance} for ${expected.variance}`,
  );
}

/** A count of n independent events of probability p, to 5 standard deviations. */
export function checkCount(t: Test, count: number, n: number, p: number, what: string): void {
  t.ok(
    Math.abs(count - n * p) < 5 * Math.sqrt(n * p * (1 - p)),
    `${what}: ${count} of ${n}, for a share of ${p}`,
  );
}

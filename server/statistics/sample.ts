/**
 * Means over seeds, and differences of means over the same seeds.
 *
 * @module
 */
import { detectable, needed, pValue, twoSided } from "./student.ts";

/** Probability that intervals cover the mean. */
export const CONFIDENCE = 0.95;
/** Power of a test that is worth making. */
export const POWER = 0.8;

/** Both ends. */
export type Ends = readonly [low: number, high: number];

/** A metric over several runs. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation (n − 1); 0 for one run. */
  readonly deviation: number;
  /** The 95 % interval of the mean (Student's t); absent for one run, of which nothing is known. */
  readonly interval?: Ends;
  readonly values: readonly number[];
}

/** Mean, sample standard deviation and the interval of the mean. */
export function spread(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  if (n < 2) return { mean, deviation: 0, values };
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (n - 1));
  const half = (twoSided(CONFIDENCE, n - 1) * deviation) / Math.sqrt(n);
  return { mean, deviation, interval: [mean - half, mean + half], values };
}

/** The difference of two settings over the seeds that both have, one minus the other. */
export interface PairedDifference {
  /** Seeds that both have. */
  readonly n: number;
  /** NaN where one of the runs ended with a value that is not finite: then the rest is absent. */
  readonly mean: number;
  readonly deviation: number;
  /** Of the mean, 95 %. Absent below two seeds. */
  readonly interval?: Ends;
  /** Of the paired t test, two-sided. Absent below two seeds. */
  readonly p?: number;
  /** The smallest difference that so many seeds would show with 80 % power, at this deviation. Absent below two seeds. */
  readonly detectable?: number;
  /** Seeds that would show the difference seen with 80 % power; absent where that is more than ten thousand, or unknown. */
  readonly needed?: number;
}

/**
 * Compares two settings seed by seed (paired t test).
 * @param differences one minus the other, a number each seed that both have
 */
export function pairedDifference(differences: readonly number[]): PairedDifference {
  const n = differences.length;
  const { mean, deviation, interval } = spread(differences);
  if (!Number.isFinite(mean)) return { n, mean: Number.NaN, deviation: Number.NaN }; // a run ended with no number
  if (n < 2) return { n, mean: n === 0 ? Number.NaN : mean, deviation: 0 };
  const level = 1 - CONFIDENCE;
  if (deviation === 0)
    return { n, mean, deviation, interval: interval!, p: mean === 0 ? 1 : 0, detectable: 0 };
  const p = pValue((mean / deviation) * Math.sqrt(n), n - 1);
  const seeds = mean === 0 ? undefined : needed(mean / deviation, level, POWER);
  return {
    ...{ n, mean, deviation, p, interval: interval! },
    detectable: deviation * detectable(n, level, POWER),
    ...(seeds !== undefined && { needed: seeds }),
  };
}

/** Whether seeds suffice to tell the two apart: 0 is outside the interval. */
export function isTold({ interval }: PairedDifference): boolean {
  return interval !== undefined && (interval[0] > 0 || interval[1] < 0);
}

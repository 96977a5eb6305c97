/**
 * Student's t distribution, and the power of tests by it. The numbers are jStat's.
 *
 * @module
 */
// biome-ignore lint/suspicious/noTsIgnore: tsc finds no types, Deno infers some: an expected error suits only one of them
// @ts-ignore
import jstat from "jstat";

/** What is used of jStat. */
interface Distributions {
  readonly studentt: {
    cdf(x: number, df: number): number;
    inv(p: number, df: number): number;
  };
  readonly noncentralt: { cdf(x: number, df: number, shift: number): number };
}

const { studentt, noncentralt } = (jstat as unknown as { readonly jStat: Distributions }).jStat;

/** The number that |t| stays below with a probability. @param df degrees of freedom, at least 1 */
export function twoSided(probability: number, df: number): number {
  return studentt.inv((1 + probability) / 2, df);
}

/** The probability of a |t| as large as this or larger. */
export function pValue(t: number, df: number): number {
  return Math.min(1, 2 * studentt.cdf(-Math.abs(t), df));
}

/**
 * The probability that a two-sided t test of n numbers finds a mean that is not 0.
 * @param effect the mean over the standard deviation
 * @param level of the test, such as 0.05
 */
export function powerOf(effect: number, n: number, level: number): number {
  const df = n - 1;
  const limit = twoSided(1 - level, df);
  const shift = Math.abs(effect) * Math.sqrt(n);
  // The tail on the wrong side is nothing where the shift is large, and jStat's sum is not exact there.
  const wrong = shift < 5 ? noncentralt.cdf(-limit, df, shift) : 0;
  return 1 - noncentralt.cdf(limit, df, shift) + wrong;
}

/** The effect that n numbers show with a power. @param n at least 2 */
export function detectable(n: number, level: number, power: number): number {
  let [low, high] = [0, 1];
  while (powerOf(high, n, level) < power && high < 1e6) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (powerOf(middle, n, level) < power) low = middle;
    else high = middle;
  }
  return high;
}

/** How many numbers show an effect with a power; undefined beyond ten thousand. */
export function needed(effect: number, level: number, power: number): number | undefined {
  const MOST = 10_000;
  if (powerOf(effect, MOST, level) < power) return undefined;
  let [low, high] = [1, MOST];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (powerOf(effect, middle, level) < power) low = middle;
    else high = middle;
  }
  return high;
}

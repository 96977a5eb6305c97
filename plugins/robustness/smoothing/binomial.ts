/**
 * Bounds on a probability from counts, and quantiles of the normal distribution. The numbers are jStat's.
 *
 * @module
 */
// biome-ignore lint/suspicious/noTsIgnore: tsc finds no types, Deno infers some: an expected error suits only one of them
// @ts-ignore
import jstat from "jstat";

/** What is used of jStat. */
interface Distributions {
  readonly beta: { inv(p: number, a: number, b: number): number };
  readonly normal: { inv(p: number, mean: number, deviation: number): number };
}

const { beta, normal } = (jstat as unknown as { readonly jStat: Distributions }).jStat;

/**
 * A probability is no lower than this, with confidence 1 − α: the one-sided bound of C. J. Clopper, E. S. Pearson, "The use of
 * confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26(4), 1934.
 * @param count how often it happened, of n times
 */
export function lowerBound(count: number, n: number, alpha: number): number {
  return count === 0 ? 0 : beta.inv(alpha, count, n - count + 1);
}

/** Φ⁻¹(p), for p in (0, 1). */
export function normalQuantile(p: number): number {
  return normal.inv(p, 0, 1);
}

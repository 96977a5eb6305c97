/**
 * Judging scores: how well they tell abnormal rows from normal ones, and where to raise an alarm.
 *
 * @module
 */
import { InputError } from "../../core/mod.ts";

/**
 * Area under the ROC curve: the share of pairs of an abnormal and a normal row in which the abnormal one has the higher
 * score, ties counting half (Mann and Whitney, 1947).
 * @returns in [0, 1]; NaN where one kind is missing
 */
export function auroc(normal: ArrayLike<number>, abnormal: ArrayLike<number>): number {
  const all = ranked(normal, abnormal);
  let sum = 0; // of the ranks of abnormal rows, those of equal scores being shared
  for (let from = 0; from < all.length; ) {
    const to = endOfTie(all, from);
    for (let i = from; i < to; i++) if (all[i]!.isAbnormal) sum += (from + 1 + to) / 2;
    from = to;
  }
  const [n, m] = [normal.length, abnormal.length];
  return (sum - (m * (m + 1)) / 2) / (n * m);
}

/**
 * Average precision: Σₖ (Rₖ − Rₖ₋₁)·Pₖ over the thresholds that the scores give, from the highest; P and R being precision
 * and recall of the abnormal rows. As scikit-learn has it.
 * @returns in [0, 1]; NaN where there is no abnormal row
 */
export function averagePrecision(normal: ArrayLike<number>, abnormal: ArrayLike<number>): number {
  const all = ranked(normal, abnormal).reverse();
  let [found, sum] = [0, 0];
  for (let from = 0; from < all.length; ) {
    const to = endOfTie(all, from);
    const here = all.slice(from, to).filter(({ isAbnormal }) => isAbnormal).length;
    found += here;
    sum += (here / abnormal.length) * (found / to);
    from = to;
  }
  return abnormal.length === 0 ? Number.NaN : sum;
}

interface Ranked {
  readonly score: number;
  readonly isAbnormal: boolean;
}

function ranked(normal: ArrayLike<number>, abnormal: ArrayLike<number>): Ranked[] {
  const of = (scores: ArrayLike<number>, isAbnormal: boolean): Ranked[] =>
    Array.from(scores, (score) => ({ score, isAbnormal }));
  return [...of(normal, false), ...of(abnormal, true)].sort((a, b) => a.score - b.score);
}

function endOfTie(all: readonly Ranked[], from: number): number {
  let to = from + 1;
  while (to < all.length && all[to]!.score === all[from]!.score) to++;
  return to;
}

/** Points of the ROC curve, from (0, 0) to (1, 1): shares of false alarms and of abnormal rows found. */
export function rocCurve(
  normal: ArrayLike<number>,
  abnormal: ArrayLike<number>,
): { readonly x: number[]; readonly y: number[] } {
  const all = ranked(normal, abnormal).reverse();
  const [x, y] = [[0], [0]];
  let found = 0;
  for (let from = 0; from < all.length; ) {
    const to = endOfTie(all, from);
    found += all.slice(from, to).filter(({ isAbnormal }) => isAbnormal).length;
    x.push((to - found) / normal.length);
    y.push(found / abnormal.length);
    from = to;
  }
  return { x, y };
}

/**
 * The score above which an alarm is raised, by the scores of normal rows that nothing was learnt from: the
 * ⌈(n + 1)(1 − share)⌉-th smallest of n. A new normal row, drawn as they were, then raises an alarm with a probability of at
 * most `share` (split conformal prediction; S. Bates et al., "Testing for outliers with conformal p-values", 2023).
 * @param share of false alarms, in (0, 1)
 * @throws InputError where there are too few rows to tell
 */
export function thresholdOf(heldOut: ArrayLike<number>, share: number): number {
  const n = heldOut.length;
  const place = Math.ceil((n + 1) * (1 - share) - 1e-9); // what should be whole may have been rounded above
  const sorted = Float64Array.from(heldOut).sort();
  if (place >= 1 && place <= n) return sorted[place - 1]!;
  throw new InputError(
    `${n} held-out rows cannot tell a threshold with ${100 * share} % of false alarms: that takes ${Math.ceil(1 / share) - 1} ` +
      "rows at least. Hold out more rows, or allow more false alarms",
  );
}

/** For each score its conformal p-value: the share of held-out normal rows, and itself, that score as high. In (0, 1]. */
export function pValues(heldOut: ArrayLike<number>, scores: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(heldOut).sort();
  return Float64Array.from(scores, (score) => {
    let [low, high] = [0, sorted.length]; // the number of held-out scores below this one
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < score) low = middle + 1;
      else high = middle;
    }
    return (1 + sorted.length - low) / (sorted.length + 1);
  });
}

/**
 * The robustness of a classifier, from what attacks did to it: accuracy against ε with its uncertainty, the worst case
 * over attacks, distances.
 *
 * @module
 */
import { NO_CLASS, type Norm, type Range, withinBudget } from "../../core/mod.ts";

/** One attack at one budget, or once at the least distance, on every image that was classified correctly. */
export interface Trial {
  readonly attack: string;
  readonly norm: Norm;
  readonly access: "white-box" | "black-box";
  /** The budget; null where the attack looked for the least distance. */
  readonly epsilon: number | null;
  /** 1 where the classifier was fooled (within the budget), a value for each image attacked, like all below. */
  readonly success: readonly number[];
  /** Class that the example is taken for; `NO_CLASS` where the classifier gave none. */
  readonly prediction: readonly number[];
  /** How far the example is from the image, in each norm, whether it fools or not. */
  readonly distance: Readonly<Record<Norm, readonly number[]>>;
  /** Images put to the classifier for it. */
  readonly queries: readonly number[];
  /** By the part of an attack that has parts, 1 where it and those before it did not fool the classifier. */
  readonly members?: Readonly<Record<string, readonly number[]>>;
  /** By the name of another classifier, 1 where the example fools that one (within the budget, if there is one). */
  readonly transferred?: Readonly<Record<string, readonly number[]>>;
}

/** All attacks on one classifier. Images that it gets wrong without any attack are counted, not attacked. */
export interface Evaluation {
  readonly classes: number;
  /** Of a pixel: what rounding may carry an example beyond its budget depends on them. */
  readonly bounds: Range;
  /** True class of each image. */
  readonly labels: readonly number[];
  /** Class that the classifier takes it for; `NO_CLASS` where it gave none. */
  readonly clean: readonly number[];
  /** The images that were attacked: those that it gets right. */
  readonly attacked: readonly number[];
  readonly trials: readonly Trial[];
}

/** A share and where it lies with 95 % confidence. */
export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Accuracy under attack. */
export interface CurvePoint extends Share {
  readonly epsilon: number;
}

/** The 97.5 % point of the normal distribution. */
export const Z = 1.959963984540054;

/**
 * A binomial share with Wilson's 95 % interval. E. B. Wilson, "Probable inference, the law of succession, and
 * statistical inference", JASA 22(158), 1927; the choice of L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science
 * 16(2), 2001.
 * @param count successes, of `n` > 0
 */
export function shareOf(count: number, n: number): Share {
  const value = count / n;
  const scale = 1 + Z ** 2 / n;
  const centre = (value + Z ** 2 / (2 * n)) / scale;
  const half = (Z / scale) * Math.sqrt((value * (1 - value)) / n + Z ** 2 / (4 * n ** 2));
  // exact at the ends, where rounding would leave a trace
  return { value, low: count === 0 ? 0 : centre - half, high: count === n ? 1 : centre + half };
}

/** Accuracy without any attack. */
export function cleanAccuracy({ labels, clean }: Evaluation): Share {
  return shareOf(labels.filter((label, i) => label === clean[i]).length, labels.length);
}

/**
 * For each image that was attacked, how far the nearest example is that any of the trials found, in a norm; infinity
 * where none found any. An example of an attack in another norm counts as well: it is measured, not believed.
 */
export function distances({ attacked }: Evaluation, trials: readonly Trial[], norm: Norm): Float64Array {
  const nearest = new Float64Array(attacked.length).fill(Number.POSITIVE_INFINITY);
  for (const { success, distance } of trials) {
    success.forEach((good, i) => {
      if (good) nearest[i] = Math.min(nearest[i]!, distance[norm][i]!);
    });
  }
  return nearest;
}

/** Accuracy where every image is attacked by the worst of the trials: what is right and not fooled within ε. */
export function worstCase(
  evaluation: Evaluation,
  trials: readonly Trial[],
  norm: Norm,
  epsilons: readonly number[],
): CurvePoint[] {
  const nearest = distances(evaluation, trials, norm);
  const wrong = evaluation.labels.length - rightCount(evaluation);
  return epsilons.map((epsilon) => {
    const fooled = nearest.reduce((sum, d) => sum + (withinBudget(d, epsilon, evaluation.bounds) ? 1 : 0), 0);
    return { epsilon, ...shareOf(evaluation.labels.length - wrong - fooled, evaluation.labels.length) };
  });
}

/**
 * Accuracy under one attack: at the budgets where it ran, what it achieved there and no more; where it sought the least
 * distance, at the given ones. At 0 it is the clean accuracy.
 */
export function curveOf(evaluation: Evaluation, attack: string, epsilons: readonly number[]): CurvePoint[] {
  const trials = evaluation.trials.filter((trial) => trial.attack === attack);
  const [first] = trials;
  if (first === undefined) return [];
  if (first.epsilon === null) return worstCase(evaluation, trials, first.norm, epsilons);
  const [n, right] = [evaluation.labels.length, rightCount(evaluation)];
  const points = trials.map(({ epsilon, success }) => ({
    epsilon: epsilon!,
    ...shareOf(right - success.reduce((a, b) => a + b, 0), n),
  }));
  const start = points.some(({ epsilon }) => epsilon === 0) ? [] : [{ epsilon: 0, ...shareOf(right, n) }];
  return [...start, ...points].sort((a, b) => a.epsilon - b.epsilon);
}

/** Images that are classified correctly without any attack. */
export function rightCount({ labels, clean }: Evaluation): number {
  return labels.filter((label, i) => label === clean[i]).length;
}

/** The middle distance over images that were attacked; infinity where more than half of them were not fooled. */
export function medianDistance(evaluation: Evaluation, attack: string): number {
  const trials = evaluation.trials.filter((trial) => trial.attack === attack);
  if (trials[0] === undefined || evaluation.attacked.length === 0) return Number.NaN;
  const sorted = distances(evaluation, trials, trials[0].norm).sort();
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** Which images a trial fooled within a budget, whatever budget it ran at. */
export function fooledWithin(
  { success, distance }: Trial,
  norm: Norm,
  epsilon: number,
  bounds: Range,
): boolean[] {
  return success.map((good, i) => good === 1 && withinBudget(distance[norm][i]!, epsilon, bounds));
}

/** Share of the classifier's answers that are no class: of the clean images, and of an attack's examples at worst. */
export function silentShares({ clean, trials }: Evaluation): {
  readonly clean: number;
  readonly attacks: Readonly<Record<string, number>>;
} {
  const share = (of: readonly number[]): number =>
    of.length === 0 ? 0 : of.filter((label) => label === NO_CLASS).length / of.length;
  const attacks: Record<string, number> = {};
  for (const { attack, prediction } of trials) {
    attacks[attack] = Math.max(attacks[attack] ?? 0, share(prediction));
  }
  return { clean: share(clean), attacks };
}

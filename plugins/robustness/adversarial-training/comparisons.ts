/**
 * Comparisons: whether we see the paper's ordering under each adversary, and whether gains hold up under stronger ones.
 * All comparisons are paired: the same images under both classifiers, each image counted by the share of budgets at which
 * it is right.
 *
 * @module
 */
import { type Norm, withinBudget } from "../../../core/mod.ts";
import { type CurvePoint, type Evaluation, type Trial, worstCase } from "../evaluation.ts";
import type { Variant } from "./variants.ts";

/** A variant under attack by the paper's adversaries, and by the adaptive ones. */
export interface Judged {
  readonly variant: Variant;
  readonly paper: Evaluation;
  readonly adaptive: Evaluation;
}

/** An adversary as a panel has it. */
export interface Adversary {
  readonly name: string;
  readonly norm: Norm;
}

/** Budgets in each norm. */
export type Budgets = Readonly<Record<Norm, readonly number[]>>;

/** A difference of mean accuracies over all budgets, with its 95 % interval. */
export type Difference = {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** What the interval says: wholly above 0, wholly below, or neither. */
  readonly says: "above" | "below" | "undecided";
};

/** The 97.5 % point of the normal distribution. */
const Z = 1.959963984540054;

/**
 * For each image, the share of budgets at which it is right and no trial has fooled the classifier. Trials at a budget
 * count at it and above, those that sought the least distance from that distance on.
 */
export function endurance(
  { labels, clean, attacked, bounds }: Evaluation,
  trials: readonly Trial[],
  norm: Norm,
  budgets: readonly number[],
): Float64Array {
  const nearest = new Float64Array(labels.length).map((_, i) => (clean[i] === labels[i] ? Infinity : 0));
  for (const { success, distance } of trials) {
    success.forEach((good, i) => {
      const image = attacked[i]!;
      if (good === 1) nearest[image] = Math.min(nearest[image]!, distance[norm][i]!);
    });
  }
  const withstood = (far: number): number =>
    budgets.filter((budget) => !withinBudget(far, budget, bounds)).length / budgets.length;
  return nearest.map(withstood);
}

/** The mean of paired differences, with its 95 % interval (normal approximation). */
export function difference(a: Float64Array, b: Float64Array): Difference {
  const each = a.map((value, i) => value - b[i]!);
  const n = each.length;
  const value = each.reduce((sum, d) => sum + d, 0) / n;
  const variance = each.reduce((sum, d) => sum + (d - value) ** 2, 0) / Math.max(1, n - 1);
  const half = Z * Math.sqrt(variance / n);
  const [low, high] = [value - half, value + half];
  return { value, low, high, says: low > 0 ? "above" : high < 0 ? "below" : "undecided" };
}

/** Whether one kind of line lies above another, under one adversary. */
export type Ordering = {
  readonly adversary: string;
  readonly above: string;
  readonly below: string;
  readonly difference: Difference;
};

/** How much of a variant's gain over the baseline is left under adversaries that know the defence. */
export type Standing = {
  readonly variant: string;
  /** Gain in mean accuracy over the adaptive budgets, over stage 1, under the worst of the paper's ℓ∞ adversaries. */
  readonly paper: Difference;
  /** The same under the worst of all ℓ∞ adversaries. */
  readonly all: Difference;
  /** Accuracy that the paper's adversaries leave and the others take away, mean over the budgets. */
  readonly masked: Difference;
  /** `no gain`: none under the paper's; `holds up`: one under all; `masking`: one under the paper's alone. */
  readonly verdict: "no gain" | "holds up" | "masking";
};

/** Trials of one adversary on one variant. */
const trialsOf = ({ paper, adaptive }: Judged, name: string): readonly Trial[] => [
  ...paper.trials.filter(({ attack }) => attack === name),
  ...adaptive.trials.filter(({ attack }) => attack === name),
];

/**
 * The paper's claims (Sec. 5.2.2), each under each of its adversaries: the method above noisy inputs of the same range
 * above the baseline; stronger as w grows; and, which the paper does not ask, above the control.
 */
export function orderings(
  judged: readonly Judged[],
  adversaries: readonly Adversary[],
  budgets: Budgets,
): Ordering[] {
  const named = new Map(judged.map((one) => [one.variant.name, one]));
  const pairs = pairsOf(judged.map(({ variant }) => variant)).filter(
    ([above, below]) => named.has(above) && named.has(below),
  );
  return adversaries.flatMap(({ name: adversary, norm }) => {
    const share = (name: string): Float64Array => {
      const one = named.get(name)!;
      return endurance(one.paper, trialsOf(one, adversary), norm, budgets[norm]);
    };
    return pairs.map(([above, below]) => ({
      adversary,
      above,
      below,
      difference: difference(share(above), share(below)),
    }));
  });
}

/** Names that the claims set one above the other. */
export function pairsOf(variants: readonly Variant[]): (readonly [above: string, below: string])[] {
  const ours = variants.filter(({ kind }) => kind === "ours");
  const noisy = variants.filter(({ kind }) => kind === "noisy");
  return [
    ...ours.map(({ name, r }) => [name, `noisy_${r}`] as const),
    ...noisy.map(({ name }) => [name, "baseline"] as const),
    ...ours.map(({ name }) => [name, "baseline"] as const),
    ...ours.flatMap(({ name, r, w }) => {
      const heavier = ours.filter((one) => one.r === r && one.w! > w!).sort((a, b) => a.w! - b.w!);
      return heavier.slice(0, 1).map((next) => [next.name, name] as const);
    }),
    ...ours.map(({ name, r, w }) => [name, `control_${r}_w${w}`] as const),
    ...ours.map(({ name }) => [name, "continued"] as const),
  ];
}

/** Which variants' gains hold up, in ℓ∞, at the budgets of the adaptive evaluation. */
export function standings(judged: readonly Judged[], budgets: readonly number[]): Standing[] {
  const baseline = judged.find(({ variant }) => variant.kind === "baseline")!;
  const under = ({ paper, adaptive }: Judged): Record<"paper" | "all", Float64Array> => ({
    paper: endurance(paper, linf(paper.trials), "linf", budgets),
    all: endurance(paper, [...linf(paper.trials), ...linf(adaptive.trials)], "linf", budgets),
  });
  const reference = under(baseline);
  return judged.map((one) => {
    const shares = under(one);
    const paper = difference(shares.paper, reference.paper);
    const all = difference(shares.all, reference.all);
    return {
      variant: one.variant.name,
      paper,
      all,
      masked: difference(shares.paper, shares.all),
      verdict: paper.says !== "above" ? "no gain" : all.says === "above" ? "holds up" : "masking",
    };
  });
}

const linf = (trials: readonly Trial[]): Trial[] => trials.filter(({ norm }) => norm === "linf");

/** Accuracy of a variant under the worst of all its ℓ∞ adversaries, at each budget. */
export function worstOf({ paper, adaptive }: Judged, budgets: readonly number[]): CurvePoint[] {
  return worstCase(paper, [...linf(paper.trials), ...linf(adaptive.trials)], "linf", [0, ...budgets]);
}

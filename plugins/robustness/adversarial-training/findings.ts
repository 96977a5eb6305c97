/**
 * What a run has found: accuracies, comparisons, signs of masked gradients, statistics of samples.
 *
 * @module
 */
import type { Attacked } from "../evaluate-robustness/evaluate-robustness.ts";
import { type Curve, curvesOf } from "../evaluate-robustness/results.ts";
import type { CurvePoint, Evaluation } from "../evaluation.ts";
import { maskingSigns, type Probes } from "../masking.ts";
import {
  type Adversary,
  type Judged,
  type Ordering,
  orderings,
  type Standing,
  standings,
  worstOf,
} from "./comparisons.ts";
import type { AdversarialTraining } from "./options.ts";
import type { SampleStatistics } from "./samples.ts";
import type { Variant } from "./variants.ts";
import type { Watched } from "./watch.ts";

/** What the stages before have left. */
export interface Outcome {
  readonly paper: Attacked;
  readonly adaptive: Attacked;
  /** By the kind of rows. */
  readonly samples: Readonly<Record<string, SampleStatistics>>;
  /** What was seen of classifiers while they were trained, by variant; empty where none was watched. */
  readonly watched: ReadonlyMap<string, readonly Watched[]>;
}

/** All that a run has found. */
export interface Findings {
  readonly judged: readonly Judged[];
  /** The paper's, and those that know the defence. */
  readonly adversaries: readonly Adversary[];
  readonly adaptive: readonly Adversary[];
  readonly curves: readonly Curve[];
  /** Accuracy under the worst of all ℓ∞ adversaries, by variant. */
  readonly worst: ReadonlyMap<string, readonly CurvePoint[]>;
  readonly orderings: readonly Ordering[];
  readonly standings: readonly Standing[];
  /** What was probed beside the adaptive adversaries, by variant. */
  readonly probes: ReadonlyMap<string, Probes>;
  /** Signs of masked gradients, by variant. */
  readonly signs: ReadonlyMap<string, readonly string[]>;
  readonly samples: Outcome["samples"];
  readonly watched: Outcome["watched"];
}

/** Compares what the stages have left. */
export function findingsOf(
  parts: AdversarialTraining,
  variants: readonly Variant[],
  { paper, adaptive, samples, watched }: Outcome,
): Findings {
  const { evaluation } = parts;
  const evaluated = (attacked: Attacked, name: string) =>
    attacked.evaluated.find((one) => one.name === name)!;
  const judged = variants.map(
    (variant): Judged => ({
      variant,
      paper: evaluated(paper, variant.name).evaluation,
      adaptive: evaluated(adaptive, variant.name).evaluation,
    }),
  );
  const namesOf = ({ named }: Attacked): Adversary[] =>
    named.map(({ name, attack: { norm } }) => ({ name, norm }));
  const adversaries = namesOf(paper);
  const stronger = namesOf(adaptive).filter(({ name }) => !adversaries.some((one) => one.name === name));
  const budgets = [...new Set(evaluation.adaptive.epsilons.linf)].sort((a, b) => a - b);
  const curves = variants.flatMap(({ name }) =>
    (["paper", "adaptive"] as const).flatMap((which) => {
      const attacked = which === "paper" ? paper : adaptive;
      const { epsilons } = evaluation[which];
      const all = curvesOf({ epsilons }, attacked.named, evaluated(attacked, name));
      return all.filter(({ attack }) => !attack.startsWith("worst-"));
    }),
  );
  const probes = new Map(adaptive.evaluated.map((one) => [one.name, one.probes]));
  const signs = judged.map(({ variant: { name }, ...both }) => {
    return [name, maskingSigns(together(both), probes.get(name))] as const;
  });
  return {
    ...{ judged, adversaries, adaptive: stronger, curves, samples, watched, probes },
    worst: new Map(judged.map((one) => [one.variant.name, worstOf(one, budgets)])),
    orderings: [
      ...orderings(judged, adversaries, evaluation.paper.epsilons),
      ...orderings(judged, stronger, evaluation.adaptive.epsilons),
    ],
    standings: standings(judged, budgets),
    signs: new Map(signs),
  };
}

/** Both evaluations as one: they are of the same images. */
function together({ paper, adaptive }: Omit<Judged, "variant">): Evaluation {
  return { ...paper, trials: [...paper.trials, ...adaptive.trials] };
}

/** Accuracies at the budgets that the options give. */
export function atBudgets({ points: all, budgets }: Curve): CurvePoint[] {
  return all.filter(({ epsilon }) => epsilon > 0 && budgets.includes(epsilon));
}

/**
 * Mean of the accuracies at the budgets that the options give, each by its own trial. (Orderings count an image that was
 * fooled within a smaller budget as fooled within a larger one too.)
 */
export function meanAccuracy(curve: Curve): number {
  const values = atBudgets(curve).map(({ value }) => value);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

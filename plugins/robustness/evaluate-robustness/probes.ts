/**
 * Probes for masked gradients: gradients on the clean images, and attacks with a quarter of their steps.
 *
 * @module
 */
import { type ApplicationEvent, judgeOf, type Norm, type OutputKind, prepare } from "../../../core/mod.ts";
import { type Evaluation, rightCount } from "../evaluation.ts";
import type { Probes, ShortenedAttack } from "../masking.ts";
import { averaging } from "./averaged.ts";
import { type Budget, GradientReader, type Signs } from "./gradients.ts";
import { attackBatch, batchesOf, disposeBatch } from "./images.ts";
import type { NamedAttack, Stage } from "./stage.ts";

/**
 * Looks at the gradients on all images that were attacked, averages them over the budget on some, and runs attacks again on
 * the first batch.
 */
export async function* probing(
  stage: Stage,
  attacks: readonly NamedAttack[],
  evaluation: Evaluation,
  target: readonly number[] | null,
  outputs: OutputKind,
): AsyncGenerator<ApplicationEvent, Probes> {
  const { parts, images, name, classifier, key, context } = stage;
  const { attacked, trials } = evaluation;
  const title = `${name}: probes`;
  if (attacked.length === 0) return {};
  const shortenable = attacks.flatMap(({ name, attack }) => {
    if (attack.kind !== "within-budget" || attack.steps === undefined || attack.steps === 1) return [];
    const within = trials.filter(
      (trial) => trial.attack === name && trial.epsilon !== null && trial.epsilon > 0,
    );
    if (within.length === 0) return [];
    const last = within.reduce((a, b) => (b.epsilon! > a.epsilon! ? b : a));
    return [{ name, attack, steps: Math.max(1, Math.round(attack.steps / 4)), last, epsilon: last.epsilon! }];
  });
  const batches = [...batchesOf(attacked.length, parts.batch)];
  const steps = batches.length + shortenable.length + 1;
  let step = 0;
  const progress = (): ApplicationEvent => ({ type: "progress", stage: title, step: ++step, steps });
  yield { type: "stage", stage: title, steps };

  const budget = stepBudget(parts.epsilons, attacks);
  const reader = new GradientReader(classifier, budget, target !== null, outputs === "in-unit");
  const signs: Signs[] = [];
  try {
    for (const rows of batches) {
      context.signal.throwIfAborted();
      const batch = attackBatch(images, rows, attacked, target);
      try {
        signs.push(...(await reader.read(batch, rows.count, key.fold("probes", rows.start))));
      } finally {
        disposeBatch(batch);
      }
      yield progress();
    }
  } finally {
    reader.dispose();
  }

  const averaged = await averaging(stage, attacks, evaluation, target, budget);
  yield progress();

  const looked = attacked.slice(0, parts.batch);
  const batch = attackBatch(images, batches[0]!, attacked, target);
  const judge = judgeOf(classifier);
  const shortened: ShortenedAttack[] = [];
  try {
    for (const { name, attack, steps: few, last, epsilon } of shortenable) {
      const prepared = prepare(attack, classifier);
      try {
        const run = { epsilon, steps: few, key: key.fold("probe", name), signal: context.signal };
        const verdict = await judge.run(prepared, batch, run);
        verdict.x.dispose();
        const count = (flags: ArrayLike<number>): number => looked.reduce((sum, _, j) => sum + flags[j]!, 0);
        const [full, quarter] = [count(last.success), count(verdict.success)];
        shortened.push({ attack: name, epsilon, images: looked.length, full, quarter });
      } finally {
        prepared.dispose();
      }
      yield progress();
    }
  } finally {
    judge.dispose();
    disposeBatch(batch);
  }
  return { ...gradientProbes(signs, budget, evaluation), ...(averaged && { averaged }), shortened };
}

/** The largest budget in ℓ∞, or in ℓ2, or in ℓ1, where no attack is in another; none where all are in ℓ0. */
function stepBudget(
  epsilons: Readonly<Record<Norm, readonly number[]>>,
  attacks: readonly NamedAttack[],
): Budget | undefined {
  const norm = (["linf", "l2", "l1"] as const).find((one) =>
    attacks.some(({ attack }) => attack.norm === one),
  );
  return norm && { norm, epsilon: Math.max(...epsilons[norm]), epsilons: epsilons[norm] };
}

/** What the gradients of all attacked images come to. */
function gradientProbes(
  signs: readonly Signs[],
  budget: Budget | undefined,
  evaluation: Evaluation,
): Pick<Probes, "zeroGradients" | "rounding" | "squashing"> {
  const count = (has: (of: Signs) => boolean): number => signs.filter(has).length;
  const share = (name: keyof Signs): number => count((of) => of[name] === 1) / signs.length;
  const right = (name: keyof Signs): number =>
    (rightCount(evaluation) - count((of) => of[name] === 1)) / evaluation.labels.length;
  const zeroGradients = {
    ...{ crossEntropy: share("zeroCrossEntropy"), margin: share("zeroMargin") },
    atEnds: atEnds(signs).length / signs.length,
  };
  if (budget === undefined) return { zeroGradients };
  const { norm, epsilon } = budget;
  return {
    zeroGradients,
    squashing: {
      norm,
      only: {
        outputs: count((of) => of.budgetsByOutputs > of.budgetsByOdds),
        odds: count((of) => of.budgetsByOdds > of.budgetsByOutputs),
      },
    },
    rounding: {
      ...{ norm, epsilon },
      saturated: share("saturated"),
      accuracy: { crossEntropy: right("byCrossEntropy"), logOdds: right("byLogOdds") },
      only: {
        crossEntropy: count((of) => of.byCrossEntropy > of.byLogOdds),
        logOdds: count((of) => of.byLogOdds > of.byCrossEntropy),
      },
    },
  };
}

/** Within this share of its range an output is at an end. */
const CLOSE = 1e-6;

/** So many images lie at the ends of any range. */
const ANY = 2;

/** The signs with zero gradients whose two outputs both lie at an end of the range of all. */
function atEnds(signs: readonly Signs[]): readonly Signs[] {
  const [low, high] = signs.reduce(
    ([least, most], { own, other }) => [Math.min(least, own, other), Math.max(most, own, other)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const slack = CLOSE * (high - low);
  const isEnd = (value: number): boolean => value - low <= slack || high - value <= slack;
  const found = signs.filter(({ zeroMargin, own, other }) => zeroMargin === 1 && isEnd(own) && isEnd(other));
  return found.length > ANY ? found : [];
}

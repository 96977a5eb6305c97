/**
 * The classifier, and the risks that it can minimise. Its output is the logit of "positive".
 *
 * @module
 */
import {
  type ApplicationEvent,
  type FiniteDataset,
  type FitBatch,
  fit,
  type Key,
  type Network,
  type RunContext,
  type RunState,
  type Sampler,
  tf,
} from "dsgan";
import type { PuLearning } from "./options.ts";

/** What stands in for negatives. */
export type Negatives = "generated" | "naive" | "nnpu" | "oracle";

/** Mean logistic losses: of positives taken for positives, and for negatives; of the others taken for negatives. */
interface Losses {
  readonly positive: tf.Tensor;
  readonly positiveAsNegative: tf.Tensor;
  readonly othersAsNegative: tf.Tensor;
}

const supervised = ({ positive, othersAsNegative }: Losses, prior: number): tf.Tensor =>
  tf.add(tf.mul(prior, positive), tf.mul(1 - prior, othersAsNegative));

/** Risks by what stands in for negatives; π is the class prior. */
export const RISKS: Readonly<Record<Negatives, (losses: Losses, prior: number) => tf.Tensor>> = {
  generated: supervised,
  naive: supervised,
  oracle: supervised,
  /**
   * `π·R⁺(P) + max(0, r)`, `r = R⁻(U) − π·R⁻(P)` being the risk of negatives, as Algorithm 1 of Kiryo et al. steps: where r is
   * below 0, which only overfitting can bring about, up its gradient alone (β = 0, γ = 1).
   */
  nnpu({ positive, positiveAsNegative, othersAsNegative }, prior) {
    const negative = tf.sub(othersAsNegative, tf.mul(prior, positiveAsNegative));
    const sound = tf.step(negative); // a constant to the gradient
    return tf.add(tf.mul(sound, tf.mul(prior, positive)), tf.abs(negative));
  },
};

/** A classifier to train. */
export interface Classification {
  readonly name: Negatives;
  readonly network: Network;
  readonly positive: FiniteDataset;
  readonly against: Sampler;
}

interface Batch extends FitBatch {
  readonly others: tf.Tensor;
}

/** Trains a classifier; all of a run see the positives in the same order. */
export async function* learn(
  { prior, m, classifierOptimizer, classifierSteps }: PuLearning,
  { name, network, positive, against }: Classification,
  { sentinels }: RunContext,
  key: Key,
  state: RunState,
): AsyncGenerator<ApplicationEvent, undefined> {
  yield* fit<Batch>({
    ...{ network, data: positive, batch: m, steps: classifierSteps, optimizer: classifierOptimizer },
    ...{ key: key.fold("learn"), state, sentinels, stage: `learn ${name}` },
    augment: (batch, k) => ({ ...batch, others: k.fold("others").sample((from) => against(from, m)) }),
    loss({ x, others }, k) {
      const logits = (rows: tf.Tensor, part: string): tf.Tensor =>
        network.apply(rows, { training: true, key: k.fold(part) });
      const [p, o] = [logits(x, "positive"), logits(others, "others")];
      const losses = {
        positive: tf.mean(tf.softplus(tf.neg(p))),
        positiveAsNegative: tf.mean(tf.softplus(p)),
        othersAsNegative: tf.mean(tf.softplus(o)),
      };
      return RISKS[name](losses, prior).asScalar();
    },
  });
  return undefined;
}

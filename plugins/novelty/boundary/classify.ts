/**
 * The classifier of data against others: `E softplus(C(x)) + E softplus(−C(x'))`, C being the logit of the others.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type FiniteDataset,
  type FitBatch,
  fit,
  type Network,
  type RunState,
  type Sampler,
  tf,
} from "../../../core/mod.ts";
import type { ScorerProblem } from "../scorer.ts";
import type { BoundaryOptions } from "./options.ts";

/** A classifier to train. */
export interface Classification {
  /** Rows of the data to `[n, 1]`. */
  readonly network: Network;
  readonly data: FiniteDataset;
  /** What is not data. */
  readonly against: Sampler;
  /** Of the training, in events. */
  readonly stage: string;
}

interface Batch extends FitBatch {
  readonly others: tf.Tensor;
}

/** Trains a classifier; all of a run see the data in the same order. */
export async function* classify(
  { fit: training, m }: BoundaryOptions,
  { network, data, against, stage }: Classification,
  problem: ScorerProblem,
  state: RunState,
): AsyncGenerator<ApplicationEvent, undefined> {
  yield* fit<Batch>({
    ...{ network, data, batch: m, ...training, stage, state, sentinels: problem.sentinels },
    key: problem.key.fold("boundary", "classify"),
    augment: (batch, key) => ({ ...batch, others: key.fold("others").sample((from) => against(from, m)) }),
    loss({ x, others }, key) {
      const logits = (rows: tf.Tensor, name: string): tf.Tensor =>
        network.apply(rows, { training: true, key: key.fold(name) });
      const ofData = tf.mean(tf.softplus(logits(x, "data")));
      const ofOthers = tf.mean(tf.softplus(tf.neg(logits(others, "against"))));
      return tf.add(ofData, ofOthers).asScalar();
    },
  });
  return undefined;
}

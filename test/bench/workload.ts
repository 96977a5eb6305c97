/**
 * What a case of the bench is: a plain step function over networks, optimisers and data, with nothing measured in it.
 *
 * @module
 */
import { type Key, type Network, type Optimizer, type OptimizerRun, tf } from "../../core/mod.ts";

/** Tensors that a step reads and doesn't change, by name. */
export type Data = Readonly<Record<string, tf.Tensor>>;

/** One iteration, a pure function but for the networks' variables: it may be run as it is, or compiled. */
export type Step = (data: Data, key: Key, count: number) => tf.Scalar[];

/** A case, built. */
export interface Workload {
  readonly networks: Readonly<Record<string, Network>>;
  readonly data: Data;
  /** @returns its losses, in the order in which the peers return theirs; `count` is 1 at first */
  readonly step: Step;
}

/** A thing to time. */
export interface BenchCase {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly batch: number;
  /** Engines that run it unless others are asked for; `all` means each one that there is. */
  readonly engines: readonly string[] | "all";
  /** Whether the scripts in `peers/` have it. */
  readonly peers: boolean;
  /** @param small makes convolutional networks a twelfth as wide, for comparing numbers in little time */
  build(key: Key, batch: number, small: boolean): Workload;
}

/** Makes the update of one network: the loss before it is returned. */
export function learner(
  network: Network,
  optimizer: Optimizer,
): (loss: () => tf.Scalar, count: number) => tf.Scalar {
  const variables = [...network.parameters.values()];
  const run: OptimizerRun = optimizer.start(variables);
  return (loss, count) => {
    const { value, grads } = tf.variableGrads(loss, variables);
    run.update(
      variables.map((v) => grads[v.name]!),
      count,
      0,
    );
    return value;
  };
}

/** Mean cross-entropy of logits `[n, classes]` against one-hot labels of the same shape. */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  const likelihood = tf.sub(logits, tf.logSumExp(logits, 1, true)); // [n, classes]
  return tf.neg(tf.mean(tf.sum(tf.mul(labels, likelihood), 1))) as tf.Scalar;
}

/** One-hot labels, `[n, classes]`, the classes by turns. */
export function labelsByTurns(n: number, classes: number): tf.Tensor {
  const turns = tf.tensor1d(
    Array.from({ length: n }, (_, i) => i % classes),
    "int32",
  );
  return tf.cast(tf.oneHot(turns, classes), "float32");
}

/**
 * Optimisers: one update of a list of variables from a list of gradients.
 *
 * @module
 */
import { contract } from "../plugin/contract.ts";
import * as tf from "../tensor/tf.ts";

/** An optimiser at work on a fixed list of variables; owns its moments. */
export interface OptimizerRun {
  /** Moments and other memory, by name: with the parameters and the step count, all that the future depends on. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /**
   * The numbers that an update takes and that change from one to the next (a learning rate, corrections of a mean's
   * start), by name: always the same names. Apart from the update so that a recorded step can be given new ones.
   * @param step 1 for the first update
   * @param progress share of the training done, in [0, 1), for learning-rate schedules
   */
  numbers(step: number, progress: number): Readonly<Record<string, number>>;
  /**
   * Updates the variables in place.
   * @param gradients in the order of the variables
   * @param numbers those of {@link numbers} for this update, as scalars
   */
  update(gradients: readonly tf.Tensor[], numbers: Readonly<Record<string, tf.Tensor>>): void;
  /** Frees the state. */
  dispose(): void;
}

/** A rule for updates, ready to be put to work on some variables. */
export interface Optimizer {
  readonly name: string;
  start(variables: readonly tf.Variable[]): OptimizerRun;
}

/** The contract under which optimisers are registered. */
export const Optimizers = contract<Optimizer>("optimizer", "Updates variables from their gradients");

/**
 * One update downhill.
 * @param numbers those of `optimizer.numbers` for this update
 * @returns the loss before it
 */
export function descend(
  loss: () => tf.Scalar,
  variables: tf.Variable[],
  optimizer: OptimizerRun,
  numbers: Readonly<Record<string, tf.Tensor>>,
): tf.Scalar {
  const { value, grads } = tf.variableGrads(loss, variables);
  optimizer.update(
    variables.map((v) => grads[v.name]!),
    numbers,
  );
  return value;
}

/**
 * Optimisers: one update of a list of variables from a list of gradients.
 *
 * @module
 */
import { type Contract, contract } from "./plugin.ts";
import type { Tensor, Variable } from "./tf.ts";

/** An optimiser at work on a fixed list of variables; owns its moments. */
export interface OptimizerRun {
  /** Moments and other memory, by name: with the parameters and the step count, all that the future depends on. */
  readonly state: ReadonlyMap<string, Variable>;
  /**
   * Updates the variables in place.
   * @param gradients in the order of the variables
   * @param step 1 for the first update
   * @param progress share of the training done, in [0, 1), for learning-rate schedules
   */
  update(gradients: readonly Tensor[], step: number, progress: number): void;
  /** Frees the state. */
  dispose(): void;
}

/** A rule for updates, ready to be put to work on some variables. */
export interface Optimizer {
  readonly name: string;
  start(variables: readonly Variable[]): OptimizerRun;
}

/** The contract under which optimisers are registered. */
export const Optimizers: Contract<Optimizer> = contract("optimizer");

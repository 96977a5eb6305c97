/**
 * The learning rates of DSGAN's and its peers' published scripts.
 *
 * @module
 */
import type { Optimizer, Ref } from "../../core/mod.ts";

/** Numbers of {@link scheduledAdam}. */
export interface AdamRates {
  /** Step size for the first two thirds of the training, > 0. */
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** The step size falls no lower than this, ≥ 0; 0 unless given. */
  readonly floor?: number;
}

/** Adam whose step size is `max(floor, learningRate·min(3·(1 − e/E), 1))` at epoch e of E, as in all the scripts. */
export function scheduledAdam({ learningRate, beta1, beta2, floor = 0 }: AdamRates): Ref<Optimizer> {
  return { use: "adam", learningRate, decayFrom: 2 / 3, floor, beta1, beta2, epsilon: 1e-8 };
}

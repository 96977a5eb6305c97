/**
 * The game that critic and generator play: any GAN's losses, with `pdBar` as the real data and the mixture
 * `(1 − α)·pg + α·pd` as the fake (Eq. 2).
 *
 * @module
 */

import { type Contract, contract } from "../plugin/contract.ts";
import type { Key } from "../tensor/key.ts";
import type { Scalar, Tensor, Variable } from "../tensor/tf.ts";
import type { Weighted } from "./mixer.ts";

/** The critic as a function of a batch `[m, ...]`: scores `[m, 1]`, or reconstructions `[m, ...]`. */
export type Critic<X extends Tensor = Tensor> = (x: X) => Tensor;

/** A GAN's two losses. Both are minimised. */
export interface GanObjective<X extends Tensor = Tensor> {
  readonly name: string;
  /** What the critic returns for a row: one unbounded score, or the row rebuilt (an autoencoder, as in EBGAN). */
  readonly criticOutput: "score" | "reconstruction";
  /**
   * The critic's loss.
   * @param real rows of `pdBar`, `[m, ...]`
   * @param fake batches whose weights sum to 1: the mixture `(1 − α)·pg + α·pd`
   * @param key for objectives that draw numbers of their own (interpolation points)
   */
  criticLoss(critic: Critic<X>, real: X, fake: readonly Weighted<X>[], key: Key): Scalar;
  /**
   * The generator's loss on rows `G(z)`, `[m, ...]`.
   * @param z what they were made from, `[m, ...latent]`: given in the core's trainings
   */
  generatorLoss(critic: Critic<X>, generated: X, z?: Tensor): Scalar;
  /** Applied to the critic's parameters after each of its steps (WGAN's weight clipping). */
  constrain?(parameters: readonly Variable[]): void;
}

/** The contract under which objectives are registered. */
export const Objectives: Contract<GanObjective> = contract(
  "objective",
  "The critic's and the generator's loss",
);

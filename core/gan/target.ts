/**
 * What DSGAN is to learn: the target distribution `pt` of Eq. (1), named by two others that are easy to sample.
 *
 * @module
 */
import type { Column } from "../model/columns.ts";
import type { FiniteDataset, Geometry, Range } from "../model/dataset.ts";
import type { Sampler } from "../model/sampler.ts";
import { type Contract, contract } from "../plugin/contract.ts";
import type { Tensor } from "../tensor/tf.ts";

/**
 * A target distribution `pt`, given by `(1 − α)·pt(x) + α·pd(x) = pdBar(x)` (Eq. 1): high where `pdBar` is and
 * `pd` is not.
 */
export interface TargetDistributionSpec<X extends Tensor = Tensor> {
  readonly name: string;
  /** α of Eq. (1), in [0, 1): how much of the mixture is `pd`. With α = 0 this is an ordinary GAN of `pdBar`. */
  readonly alpha: number;
  /** Shape of one sample, without the batch axis. */
  readonly shape: readonly number[];
  /** Smallest and largest value a sample can have; absent where there is no bound. */
  readonly range?: Range;
  /** The density to avoid. */
  readonly pd: Sampler<X>;
  /** The density to cover. */
  readonly pdBar: Sampler<X>;
  /** What the values of a sample are, where it is a row of a table, standardised. */
  readonly columns?: readonly Column[];
  /** Where `pd` lives, when it is a shape whose geometry is known: lets a measure judge what was generated. */
  readonly geometry?: Geometry;
  /** Which classes of which data make up the two densities, when they are label sets. */
  readonly classes?: {
    readonly data: FiniteDataset;
    readonly pd: readonly number[];
    readonly pdBar: readonly number[];
  };
}

/** The contract under which targets are registered. */
export const Targets: Contract<TargetDistributionSpec> = contract(
  "target",
  "The distribution to learn, given by pd, pdBar and alpha (Eq. 1)",
);

/**
 * Measures: numbers that say whether what was generated is the difference it should be.
 *
 * @module
 */

import type { Sampler } from "../model/sampler.ts";
import { type Contract, contract } from "../plugin/contract.ts";
import type { RunState } from "../run/state.ts";
import type { Key } from "../tensor/key.ts";
import type { TargetDistributionSpec } from "./target.ts";

/** What there is to be judged. */
export interface Specimen {
  readonly target: TargetDistributionSpec;
  /** Samples of the generator. */
  readonly pg: Sampler;
  readonly key: Key;
  /** A part of the run's state of the measure's own: one that trains at length keeps what it is doing there. */
  readonly state: RunState;
}

/** How far a long measure has got. */
export interface MeasureProgress {
  readonly done: number;
  readonly total: number;
}

/** A way to judge samples of the generator against their target. Trains nothing that the generator sees. */
export interface Measure {
  readonly name: string;
  /** Throws an InputError where the target lacks what the measure needs, before anything is trained. */
  check?(target: TargetDistributionSpec): void;
  /** Yields its progress, however coarse, and returns finite numbers by name. */
  measure(specimen: Specimen): AsyncGenerator<MeasureProgress, Readonly<Record<string, number>>>;
}

/** The contract under which measures are registered. */
export const Measures: Contract<Measure> = contract("measure");

/**
 * Measures: numbers that say whether what was generated is the difference it should be.
 *
 * @module
 */

import type { Sampler } from "../model/sampler.ts";
import { type Contract, contract } from "../plugin/contract.ts";
import type { Numbers } from "../run/event.ts";
import type { TrainingEvent } from "../run/loop.ts";
import type { SentinelPolicy } from "../run/sentinel.ts";
import type { RunState } from "../run/state.ts";
import type { Key } from "../tensor/key.ts";
import type { TargetDistributionSpec } from "./target.ts";

/** What a measure is given. */
export interface MeasureInput {
  readonly target: TargetDistributionSpec;
  /** Samples of the generator. */
  readonly pg: Sampler;
  /** Root of the measure's randomness. */
  readonly key: Key;
  /** A part of the run's state with names of its own: a measure that trains at length keeps its progress there. */
  readonly state: RunState;
  /** What to do where a training of the measure goes wrong. */
  readonly sentinels: SentinelPolicy;
  /** Name of the stage in which it runs, for its progress events. */
  readonly stage: string;
}

/** A way to judge samples of the generator against their target. Trains nothing that the generator sees. */
export interface Measure {
  readonly name: string;
  /** Throws an InputError where the target lacks what the measure needs, before anything is trained. */
  check?(target: TargetDistributionSpec): void;
  /**
   * Judges the samples.
   * @yields its progress, if it takes long, and what happens in its trainings
   * @returns finite numbers by name
   */
  measure(input: MeasureInput): AsyncGenerator<TrainingEvent, Numbers>;
}

/** The contract under which measures are registered. */
export const Measures: Contract<Measure> = contract("measure");

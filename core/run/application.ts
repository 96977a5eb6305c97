/**
 * Applications: what a scenario runs.
 *
 * @module
 */

import type { Context } from "../plugin/component.ts";
import { type Contract, contract } from "../plugin/contract.ts";
import type { Key } from "../tensor/key.ts";
import type { EngineInfo } from "./engine.ts";
import type { ApplicationEvent, EventBody } from "./event.ts";
import type { SentinelPolicy } from "./sentinel.ts";
import type { RunState } from "./state.ts";
import type { Store } from "./store.ts";

/** What {@link Application.run} receives. */
export interface RunContext extends Context {
  /** Id of the run, where a store keeps it. */
  readonly run?: string;
  /** Root of all the run's randomness. */
  readonly key: Key;
  /** Where the run's numbers come from, for what is to say so; a context that is not a run's has none. */
  readonly origin?: {
    readonly seed: number;
    readonly engine: EngineInfo;
    /** Versions and machine, as the run's record has them. */
    readonly environment: Readonly<Record<string, unknown>>;
  };
  /** Aborted when the run is to stop; `state.settle()` heeds it. */
  readonly signal: AbortSignal;
  /** Holds what determines the run's future, so that the run survives a crash. */
  readonly state: RunState;
  /** Stores the run; earlier runs are read from it. */
  readonly store: Store;
  /** What to do about trainings that go wrong. */
  readonly sentinels: SentinelPolicy;
  /**
   * Writes a file into the run.
   * @param path relative to the run's artifacts, e.g. `samples.npy`; an existing file is replaced
   * @returns the event to yield
   */
  artifact(path: string, title: string, data: Uint8Array): Promise<EventBody<"artifact">>;
}

/**
 * A use of DSGAN, configured and ready. `run` yields events as they happen. What it yields is a function of key and
 * state, never of the clock, so that a run can be interrupted and resumed with the same results.
 */
export interface Application {
  readonly name: string;
  run(context: RunContext): AsyncIterable<ApplicationEvent>;
}

/** The contract under which applications are registered. */
export const Applications: Contract<Application> = contract("application");

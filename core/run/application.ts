/**
 * Applications: what a scenario runs.
 *
 * @module
 */

import { type Context, type Contract, contract } from "../plugin/plugin.ts";
import type { Key } from "../tensor/key.ts";
import type { EventBody } from "./event.ts";
import type { SentinelPolicy } from "./sentinel.ts";
import type { RunState } from "./state.ts";

/** What an application is given to run with. */
export interface RunContext extends Context {
  /** Root of all the run's randomness. */
  readonly key: Key;
  /** Aborted when the run is to stop; `state.settle()` heeds it. */
  readonly signal: AbortSignal;
  /** What determines the run's future: kept here, it survives crashes. */
  readonly state: RunState;
  /** What is to be done about trainings that go wrong. */
  readonly sentinels: SentinelPolicy;
  /**
   * Keeps a file with the run.
   * @param path relative to the run's artifacts, e.g. `samples.npy`; an existing file is replaced
   * @returns the event to yield
   */
  artifact(path: string, title: string, data: Uint8Array): Promise<EventBody<"artifact">>;
}

/**
 * A use of DSGAN, configured and ready. Yields what happens as it happens: a function of key and state, never of the
 * clock, so that a run that was interrupted can go on as if it had not been.
 */
export interface Application {
  readonly name: string;
  run(context: RunContext): AsyncIterable<EventBody>;
}

/** The contract under which applications are registered. */
export const Applications: Contract<Application> = contract("application");

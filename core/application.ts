/**
 * Applications: what a scenario runs.
 *
 * @module
 */
import type { EventBody } from "./event.ts";
import { type Context, type Contract, contract } from "./plugin.ts";
import type { Key } from "./random.ts";

/** What an application is given to run with. */
export interface RunContext extends Context {
  /** Root of all the run's randomness. */
  readonly key: Key;
  /** Aborted when the run is to stop: check it between steps (`signal.throwIfAborted()`). */
  readonly signal: AbortSignal;
  /**
   * Keeps a file with the run.
   * @param path relative to the run's artifacts, e.g. `samples.npy`; an existing file is replaced
   * @returns the event to yield
   */
  artifact(path: string, title: string, data: Uint8Array): Promise<EventBody<"artifact">>;
}

/** A use of DSGAN, configured and ready. Yields what happens as it happens. */
export interface Application {
  readonly name: string;
  run(context: RunContext): AsyncIterable<EventBody>;
}

/** The contract under which applications are registered. */
export const Applications: Contract<Application> = contract("application");

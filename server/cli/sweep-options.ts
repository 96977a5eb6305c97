/**
 * Options of the commands that host a sweep.
 *
 * @module
 */
import type { QueueOptions } from "./queue.ts";

/** Options of commands that host a sweep. */
export interface SweepOptions extends QueueOptions {
  /** Shows what would run, and runs nothing. */
  readonly dryRun?: boolean;
  /** Goes on without the terminal. */
  readonly detach?: boolean;
  /** Runs at once; as many as there are processors, or slots of workers, unless given. */
  readonly atOnce?: number;
  /** Runs that this process makes at once of those in a queue; none unless given. */
  readonly slots?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly junit?: string;
}

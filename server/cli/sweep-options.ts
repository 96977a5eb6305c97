/**
 * Options of the commands that host a sweep.
 *
 * @module
 */
import type { RunsOptions } from "./runs.ts";

/** Options of commands that host a sweep. */
export interface SweepOptions extends RunsOptions {
  /** Shows what would run, and runs nothing. */
  readonly dryRun?: boolean;
  /** Goes on without the terminal. */
  readonly detach?: boolean;
  /** Runs at once; as many as there are processors unless given. */
  readonly atOnce?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly junit?: string;
}

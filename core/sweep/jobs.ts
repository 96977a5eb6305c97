/**
 * What a sweep gives to workers, and what comes back.
 *
 * @module
 */
import type { Readings } from "../run/event.ts";
import type { Override } from "../scenario/override.ts";
import type { Settings } from "./space.ts";

/** A stretch of a run: from where it stands to a rung, or to its end. */
export interface SweepJob {
  /** A function of run and rung: whoever puts it twice puts one job. */
  readonly id: string;
  /** Id of the run: a function of trial and seed. */
  readonly run: string;
  readonly trial: string;
  /** Which trial of the sweep, from 0, in the order in which they began. */
  readonly number: number;
  readonly settings: Settings;
  readonly seed: number;
  /** The rung at which it pauses, from 0; the number of rungs where it runs to its end. */
  readonly rung: number;
  /** The step at which it pauses; absent where it runs to its end. */
  readonly until?: number;
  /** What the run changes in the sweep's scenario. */
  readonly overrides: readonly Override[];
  /** How often it is taken up again where its process or machine was lost. */
  readonly retries: number;
}

/**
 * How a job came to its end. `paused`: the run stands at its rung, where its metrics were these; `ended`: the run has
 * ended, maybe before its rung; `failed`: the run failed, or was lost more often than it may be retried; `stopped`: the
 * search has given its trial up; `cancelled`: somebody has cancelled it.
 */
export type JobOutcome =
  | { readonly kind: "paused" | "ended"; readonly metrics: Readings }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "stopped" | "cancelled" };

/** A job that was put. Of all that is known of a sweep, these records alone decide what comes next. */
export interface JobRecord {
  readonly job: SweepJob;
  /** Absent while it waits or runs. */
  readonly outcome?: JobOutcome;
}

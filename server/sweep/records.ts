/**
 * What is kept of a sweep, as whoever shows it reads it: nothing here needs what sweeps are made with.
 *
 * @module
 */
import type { RunEvent } from "../../core/run/event.ts";
import type { JobRecord } from "../../core/sweep/jobs.ts";
import type { ScenarioText } from "../../core/sweep/load.ts";

/** The file that a sweep has and a run has not. */
export const SWEEP_FILE = "sweep.json";

/** What it takes to go on with a sweep wherever its files are not. */
export interface SweepText {
  /** The sweep file. */
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Where its relative paths start: a URL. */
  readonly base: string;
  /** The scenario that it names, with `base` as text too. */
  readonly scenario: Omit<ScenarioText, "base"> & { readonly base: string };
}

/** What became of the jobs of a sweep, in the order in which they were put. */
export function recordsOf(events: readonly RunEvent[]): readonly JobRecord[] {
  const records = new Map<string, JobRecord>();
  for (const event of events) {
    if (event.type !== "job") continue;
    const { job, outcome } = event as unknown as JobRecord; // the host writes no others
    records.set(job.id, { job, ...(outcome && { outcome }) });
  }
  return [...records.values()];
}

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
  /** Where its jobs are, without passwords; absent where they are in its host alone. */
  readonly jobs?: string;
}

/** A job that was put. */
export interface KeptJob extends JobRecord {
  /** How often it was put, from 1: again where a sweep goes on whose job had failed or was cancelled. */
  readonly round: number;
}

/** What became of the jobs of a sweep, in the order in which they were put. */
export function recordsOf(events: readonly RunEvent[]): readonly KeptJob[] {
  const records = new Map<string, KeptJob>();
  for (const event of events) if (event.type === "job") takeIn(records, event);
  return [...records.values()];
}

/** Brings records up to date by an event: a job was put, for the first time or again, or is over. */
export function takeIn(records: Map<string, KeptJob>, event: RunEvent<"job">): void {
  const { job, outcome } = event as unknown as JobRecord; // the host writes no others
  const round = (records.get(job.id)?.round ?? 0) + (outcome === undefined ? 1 : 0);
  records.set(job.id, { job, round, ...(outcome && { outcome }) });
}

/**
 * The jobs of a sweep while it is hosted: how each stands by the sweep's log, and what it is called in the queue.
 *
 * @module
 */
import type { Job, JobEnd, JobOutcome, LoadedSweep, RunEvent, SweepJob } from "../../core/mod.ts";
import { openLog, type RunLog } from "../../core/runner/log.ts";
import { asEvent, type HeldSweep, type KeptJob, type SweepText, takeIn } from "./kept.ts";

/** Names the sweep's progress, in jobs that are over. */
export const STAGE = "jobs";
/** Characters of the hash at the end of a sweep's id. */
const HASH = 12;

/** The jobs of a sweep that is hosted here. */
export interface Ledger {
  readonly log: RunLog;
  records(): readonly KeptJob[];
  /** Those that are not over. */
  open(): readonly KeptJob[];
  /** Writes that a job is put, for the first time or again. */
  put(job: SweepJob): Promise<KeptJob>;
  /** Writes how a job came to its end. */
  settle(job: SweepJob, outcome: JobOutcome): Promise<void>;
}

/**
 * Opens the ledger of a sweep.
 * @param show called with each event once it is stored
 * @param total how many jobs there will be in all, where that is known
 */
export function openLedger(
  { writer, events, records: before }: HeldSweep,
  show: (event: RunEvent) => void,
  total: number | undefined,
): Ledger {
  const records = new Map(before.map((record) => [record.job.id, record]));
  const log = openLog(writer, events, (event) => {
    if (event.type === "job") takeIn(records, event);
    show(event);
  });
  const open = (): KeptJob[] => [...records.values()].filter(({ outcome }) => outcome === undefined);
  return {
    log,
    records: () => [...records.values()],
    open,
    async put(job) {
      await log.emit(asEvent(job));
      return records.get(job.id)!;
    },
    async settle(job, outcome) {
      await log.emit(asEvent(job, outcome));
      const over = records.size - open().length;
      await log.emit({ type: "progress", stage: STAGE, step: over, steps: total ?? records.size });
    },
  };
}

/**
 * What a queue calls a job. Sweeps that share a run have jobs of their own for it, and one that is put again is another
 * to a queue that remembers what became of it.
 * @param sweep its id
 */
export function queueIdOf({ job, round }: KeptJob, sweep: string): string {
  return `${job.id}-${sweep.slice(-HASH)}${round > 1 ? `-again${round - 1}` : ""}`;
}

/** A job as its queue takes it. What has come to a higher rung goes first. */
export function queuedJob(record: KeptJob, group: string, { goal }: LoadedSweep, text: SweepText): Job {
  const { run, rung, until: step, overrides, retries } = record.job;
  const until = step !== undefined && { until: { step, ...(goal && { metric: goal.metric }) } };
  const task = { scenario: { ...text.scenario, overrides }, run, ...until };
  return { id: queueIdOf(record, group), group, retries, priority: rung, task };
}

/** How a job came to its end, as a sweep keeps it. */
export function outcomeOf(outcome: JobEnd): JobOutcome {
  if (outcome.kind === "failed") return { kind: "failed", message: outcome.message };
  if (outcome.kind === "cancelled") return { kind: "cancelled" };
  return { kind: outcome.kind, metrics: outcome.metrics };
}

/**
 * A queue in the memory of a process, for runs that are made in its care: gone with it.
 *
 * @module
 */
import { Observable, Subject } from "rxjs";
import {
  checkJob,
  component,
  isAlike,
  JobStopped,
  type Jobs,
  judgeAttempt,
  parseOptions,
  type QueuedJob,
  Queues,
  type WorkerTraits,
  z,
} from "../../../core/mod.ts";
import { type LocalWorker, localWorker, type WorkerEvents } from "./worker.ts";

const options = z.strictObject({
  remembered: z
    .int()
    .positive()
    .default(10_000)
    .describe("Jobs that are kept after they are over; of more, the oldest are forgotten."),
});

/** Options of {@link localJobs}. */
export type LocalOptions = z.input<typeof options>;

/** A job, and what is known of it here alone. */
interface Entry {
  record: QueuedJob;
  /** Attempts that were lost. */
  losses: number;
  /** Of the worker that was at it last. */
  traits?: WorkerTraits;
  /** When it may be taken up, by `performance.now()`. */
  due: number;
  /** Ends the attempt under way. */
  stop?: AbortController | undefined;
}

/**
 * A new queue without jobs, in memory. A worker's handler starts a process for each job, or whatever else leaves the
 * event loop free.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { localJobs } from "dsgan/jobs";
 *
 * const jobs = localJobs();
 * const traits = { engine: "onnxruntime", processor: "any", threads: 1, versions: {} };
 * const worker = await jobs.work(
 *   2,
 *   async ({ id }) => ({ kind: "ended", run: id, status: "passed", metrics: {} }),
 *   { traits },
 * );
 * await jobs.put([{ id: "demo-1", task: { resume: "demo-1" } }]);
 * await worker.drain();
 * console.log((await jobs.list())[0]?.outcome?.kind); // ended
 * await jobs.close();
 * ```
 */
export function localJobs(given: LocalOptions = {}): Jobs {
  const { remembered } = parseOptions("local", options, given);
  const entries = new Map<string, Entry>();
  const workers = new Set<LocalWorker>();
  const changes = new Subject<QueuedJob>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Replaces a record. What only one state has is told anew with each. */
  const change = (
    entry: Entry,
    next: Omit<QueuedJob, "job" | "attempt">,
    attempt = entry.record.attempt,
  ): void => {
    entry.record = { job: entry.record.job, attempt, ...next };
    changes.next(entry.record);
    if (next.state === "over") forget();
  };
  const forget = (): void => {
    const over = [...entries.values()].filter(({ record }) => record.state === "over");
    for (const { record } of over.slice(0, Math.max(0, over.length - remembered))) {
      entries.delete(record.job.id);
    }
  };

  /** Gives jobs to workers while both are free. */
  const next = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (;;) {
      const free = [...workers].filter((one) => one.isFree());
      if (free.length === 0) return;
      const now = performance.now();
      const waiting = [...entries.values()].filter(({ record }) => record.state === "waiting");
      const ready = waiting.filter(({ due }) => due <= now);
      if (ready.length === 0) {
        const soonest = Math.min(...waiting.map(({ due }) => due));
        if (soonest !== Number.POSITIVE_INFINITY) timer = setTimeout(next, soonest - now + 1);
        return;
      }
      const highest = Math.max(...ready.map(priorityOf));
      const entry = ready.find((one) => priorityOf(one) === highest)!;
      const { job, attempt } = entry.record;
      const { traits } = entry;
      const worker = (traits && free.find((one) => isAlike(one.traits, traits))) ?? free[0]!;
      entry.traits = worker.traits;
      const stop = new AbortController();
      entry.stop = stop;
      change(entry, { state: "running", worker: worker.id }, attempt + 1);
      worker.take({ ...job, attempt: attempt + 1 }, stop);
    }
  };

  const settled: WorkerEvents["settled"] = (job, stop, ended) => {
    const entry = entries.get(job.id);
    if (entry?.stop !== stop) return;
    entry.stop = undefined;
    const verdict = judgeAttempt(job, entry.losses, ended, stop.signal);
    if ("outcome" in verdict) change(entry, { state: "over", outcome: verdict.outcome });
    else {
      const { trouble, after, isLoss } = verdict.again;
      if (isLoss) entry.losses++;
      entry.due = performance.now() + after * 1000;
      change(entry, { state: "waiting", trouble });
    }
    next();
  };

  return {
    name: "local",
    async put(jobs) {
      for (const job of jobs) checkJob(job);
      const added = jobs.filter(({ id }) => !entries.has(id));
      for (const job of added) {
        if (entries.has(job.id)) continue;
        const entry: Entry = { record: { job, state: "waiting", attempt: 0 }, losses: 0, due: 0 };
        entries.set(job.id, entry);
        changes.next(entry.record);
      }
      next();
      return [...new Set(added.map(({ id }) => id))];
    },
    async work(slots, handle, { traits }) {
      const left = (): void => void workers.delete(worker);
      const worker = localWorker(slots, handle, traits, { settled, left });
      workers.add(worker);
      next();
      return worker;
    },
    async cancel(ids, reason = "cancelled") {
      for (const id of ids) {
        const entry = entries.get(id);
        if (entry?.record.state === "running") entry.stop?.abort(new JobStopped("cancelled", reason));
        if (entry?.record.state === "waiting") {
          change(entry, { state: "over", outcome: { kind: "cancelled" } });
        }
      }
    },
    list: async (query) => recordsOf(query?.group),
    watch: (query) =>
      new Observable((subscriber) => {
        for (const record of recordsOf(query?.group)) subscriber.next(record);
        return changes.subscribe({
          next: (record) => {
            if (isMeant(record, query?.group)) subscriber.next(record);
          },
          complete: () => subscriber.complete(),
        });
      }),
    workers: async () => [...workers].map((worker) => worker.record()),
    async close() {
      await Promise.all([...workers].map((worker) => worker.stop("the queue is closed")));
      clearTimeout(timer);
      changes.complete();
    },
  };

  function recordsOf(group: string | undefined): readonly QueuedJob[] {
    return [...entries.values()].map(({ record }) => record).filter((record) => isMeant(record, group));
  }
}

function isMeant({ job }: QueuedJob, group: string | undefined): boolean {
  return group === undefined || job.group === group;
}

function priorityOf({ record }: Entry): number {
  return record.job.priority ?? 0;
}

/** Named `local`. */
export default component(Queues, {
  name: "local",
  summary: "Jobs of one process, gone with it; the default",
  options,
  create: (given) => localJobs(given),
});

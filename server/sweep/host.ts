/**
 * The host of a sweep: asks the controller what comes next, puts it into a queue, and writes down what comes back, until
 * the sweep is over. It keeps nothing to itself: one that was killed is replaced by another that reads the same log.
 *
 * @module
 */
import {
  decide,
  InputError,
  type Job,
  type JobEnd,
  type JobOutcome,
  type JobRecord,
  type Jobs,
  type JobWorker,
  type LoadedSweep,
  messageOf,
  type RunEvent,
  type RunFailure,
  type RunResult,
  type SweepJob,
} from "../../core/mod.ts";
import { end } from "../../core/runner/conclusion.ts";
import { openLog } from "../../core/runner/log.ts";
import { asEvent, type HeldSweep, openingOf, type SweepText } from "./kept.ts";
import { resultOf } from "./outcome.ts";

/** What a sweep is hosted with. */
export interface HostOptions {
  readonly loaded: LoadedSweep;
  readonly text: SweepText;
  readonly sweep: HeldSweep;
  /** Where its jobs wait for workers. */
  readonly jobs: Jobs;
  /** A worker of this process, which stops with the host. */
  readonly worker?: JobWorker;
  /** Jobs that may be under way at once; the sweep's own limit holds as well. */
  readonly room?: number;
  /** How many jobs there will be in all, where that is known. */
  readonly total?: number;
  /** Interrupts the sweep when aborted: it can be resumed. */
  readonly signal: AbortSignal;
  /** Called with each event once it is stored. */
  readonly show: (event: RunEvent) => void;
}

/**
 * Hosts a sweep to its end, or until it is interrupted. Jobs that were put before and are not over are put again, which
 * changes nothing where the queue still has them.
 * @returns how it ended; stored by then
 * @throws RunLost where another host has taken the sweep over, RunError where its log cannot be kept
 */
export async function hostSweep(options: HostOptions): Promise<RunResult> {
  const { loaded, text, sweep, jobs, worker, room, total, signal, show } = options;
  const { writer } = sweep;
  const start = performance.now();
  const log = openLog(writer, sweep.events, show);
  const records = new Map(sweep.records.map((record) => [record.job.id, record]));
  const queueIdOf = (job: SweepJob): string => `${job.id}-${writer.id.slice(-HASH)}`;
  const open = (): SweepJob[] =>
    [...records.values()].flatMap(({ job, outcome }) => (outcome === undefined ? [job] : []));

  /** What has come back and is not written down yet, by the id of its job. */
  const arrived = new Map<string, JobOutcome>();
  let wake = (): void => {};
  const stop = AbortSignal.any([signal, writer.lost]);
  stop.addEventListener("abort", () => wake());
  const byQueueId = new Map<string, string>();
  const watching = jobs.watch({ group: writer.id }).subscribe(({ job, outcome }) => {
    const id = byQueueId.get(job.id);
    if (outcome === undefined || id === undefined || records.get(id)?.outcome !== undefined) return;
    arrived.set(id, outcomeOf(outcome));
    wake();
  });

  const put = async (some: readonly SweepJob[]): Promise<void> => {
    await writer.flush?.(); // a job that is under way is in the log
    for (const job of some) byQueueId.set(queueIdOf(job), job.id);
    await jobs.put(some.map((job) => queued(job, queueIdOf(job), writer.id, loaded, text)));
    // One that the queue has had before was told of before its name was known here.
    for (const { job, outcome } of await jobs.list({ group: writer.id })) {
      const id = byQueueId.get(job.id);
      if (id !== undefined && outcome !== undefined && records.get(id)?.outcome === undefined)
        arrived.set(id, outcomeOf(outcome));
    }
  };
  const takeIn = async (): Promise<void> => {
    for (const [id, outcome] of arrived) {
      arrived.delete(id);
      const { job } = records.get(id)!;
      await log.emit(asEvent(job, outcome));
      records.set(id, { job, outcome });
      const over = records.size - open().length;
      await log.emit({ type: "progress", stage: STAGE, step: over, steps: total ?? records.size });
    }
  };

  let over: "done" | "failures" | "cancelled" = "cancelled";
  let error: RunFailure | undefined;
  try {
    const { location } = writer;
    await log.emit(openingOf(sweep, loaded.sweep.name, loaded.search.seed ?? 0, location));
    await writer.remove("result.json"); // that of the session before
    await put(open());
    while (!stop.aborted) {
      await takeIn();
      const decision = await decide(loaded, [...records.values()], room === undefined ? {} : { room });
      for (const job of decision.put) {
        await log.emit(asEvent(job));
        records.set(job.id, { job });
      }
      if (decision.put.length > 0) await put(decision.put);
      if (decision.cancel.length > 0) {
        const stopped = open().filter(({ id }) => decision.cancel.includes(id));
        await jobs.cancel(stopped.map(queueIdOf), "the sweep goes on without it");
      }
      if (decision.over !== undefined) {
        over = decision.over;
        break;
      }
      const woken = new Promise<void>((resolve) => (wake = resolve));
      if (arrived.size === 0 && !stop.aborted) await woken;
    }
  } catch (thrown) {
    if (writer.lost.aborted) throw writer.lost.reason;
    if (!(thrown instanceof InputError)) throw thrown;
    error = { kind: "input", message: messageOf(thrown), problems: thrown.problems };
    await jobs.cancel(open().map(queueIdOf), "the sweep has failed");
  } finally {
    await worker?.stop("the sweep is interrupted");
    watching.unsubscribe();
    await loaded.search.close?.();
  }
  writer.lost.throwIfAborted(); // how it went is for the host to say that has the sweep now
  await takeIn(); // what ended while the worker stopped
  const seconds = sweep.seconds + (performance.now() - start) / 1000;
  const known: readonly JobRecord[] = [...records.values()];
  const result = resultOf(loaded, known, { run: writer.id, over, seconds, ...(error && { error }) });
  if (Object.keys(result.metrics).length > 0) await log.emit({ type: "metrics", values: result.metrics });
  for (const expectation of result.expectations) await log.emit({ type: "expectation", ...expectation });
  await end(writer, log, result);
  return result;
}

/** Names the sweep's progress, in jobs that are over. */
const STAGE = "jobs";
/** Characters of the hash at the end of a sweep's id. */
const HASH = 12;

/** A job as its queue takes it. Sweeps that share a run have jobs of their own for it. */
function queued(job: SweepJob, id: string, group: string, { goal }: LoadedSweep, text: SweepText): Job {
  const { run, until: step, overrides, retries } = job;
  const until = step !== undefined && { until: { step, ...(goal && { metric: goal.metric }) } };
  return { id, group, retries, task: { scenario: { ...text.scenario, overrides }, run, ...until } };
}

function outcomeOf(outcome: JobEnd): JobOutcome {
  if (outcome.kind === "failed") return { kind: "failed", message: outcome.message };
  if (outcome.kind === "cancelled") return { kind: "cancelled" };
  return { kind: outcome.kind, metrics: outcome.metrics };
}

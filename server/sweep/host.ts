/**
 * The host of a sweep: asks the controller what comes next, puts it into a queue, and writes down what comes back, until
 * the sweep is over. It keeps nothing to itself: one that was killed is replaced by another that reads the same log.
 *
 * @module
 */
import {
  decide,
  InputError,
  type Jobs,
  type JobWorker,
  type LoadedSweep,
  messageOf,
  type RunEvent,
  type RunFailure,
  type RunResult,
} from "../../core/mod.ts";
import { end } from "../../core/runner/conclusion.ts";
import { type HeldSweep, type KeptJob, openingOf, type SweepText } from "./kept.ts";
import { type Ledger, openLedger, queueIdOf, STAGE } from "./ledger.ts";
import { type Mail, openMail } from "./mail.ts";
import { resultOf, type SweepEnd } from "./outcome.ts";

/** Where the jobs of a sweep wait for workers. */
export interface SweepQueue {
  readonly jobs: Jobs;
  /** Whether other processes see them, so that they outlive the host. */
  readonly isShared: boolean;
  /** A worker of this process, which stops with the host. */
  readonly worker?: JobWorker;
  /** Jobs that may be under way at once; the sweep's own limit holds as well. Asked before each decision. */
  room?(): number | Promise<number>;
}

/** What a sweep is hosted with. */
export interface HostOptions {
  readonly loaded: LoadedSweep;
  readonly text: SweepText;
  readonly sweep: HeldSweep;
  readonly queue: SweepQueue;
  /** How many jobs there will be in all, where that is known. */
  readonly total?: number;
  /** The host is there to cancel the sweep: it puts nothing, and withdraws what was put. */
  readonly cancels?: boolean;
  /** Interrupts the host when aborted: the sweep can be resumed. */
  readonly signal: AbortSignal;
  /** Called with each event once it is stored. */
  readonly show: (event: RunEvent) => void;
}

/**
 * Hosts a sweep to its end, or until it is interrupted. What had failed or was cancelled is put again. A job that somebody
 * else cancels cancels the sweep.
 * @returns how it ended, stored by then; undefined where the host was interrupted and workers elsewhere go on with what
 *   was put
 * @throws RunLost where another host has taken the sweep over; RunError where its log cannot be kept, or the queue cannot
 *   be read
 */
export async function hostSweep(options: HostOptions): Promise<RunResult | undefined> {
  const { loaded, text, sweep, queue, total, signal, show } = options;
  const { writer } = sweep;
  const start = performance.now();
  const ledger = openLedger(sweep, show, total);
  const mail = openMail({ loaded, text, writer, jobs: queue.jobs }, ledger);
  const stop = AbortSignal.any([signal, writer.lost]);
  let over: SweepEnd["over"] | undefined;
  let error: RunFailure | undefined;
  try {
    await ledger.log.emit(openingOf(sweep, loaded.sweep.name, loaded.search.seed ?? 0, writer.location));
    if (total !== undefined) await ledger.log.emit({ type: "stage", stage: STAGE, steps: total });
    await writer.remove("result.json"); // that of the session before
    await (options.cancels ? withdraw(ledger, mail, writer.id) : putAgain(ledger, mail, writer.id));
    mail.listen();
    over = await direct(options, ledger, mail, stop);
  } catch (thrown) {
    if (writer.lost.aborted) throw writer.lost.reason;
    if (!(thrown instanceof InputError)) throw thrown;
    error = { kind: "input", message: messageOf(thrown), problems: thrown.problems };
    await mail.cancel(ledger.open(), "the sweep has failed");
  } finally {
    await queue.worker?.stop("the sweep is interrupted");
    mail.close();
    await loaded.search.close?.();
  }
  writer.lost.throwIfAborted(); // how it went is for the host to say that has the sweep now
  await mail.takeIn(); // what ended while the worker stopped
  if (over === undefined && error === undefined && queue.isShared) {
    await writer.flush?.();
    return undefined;
  }
  const seconds = sweep.seconds + (performance.now() - start) / 1000;
  const how = { run: writer.id, over: over ?? "cancelled", seconds, ...(error && { error }) };
  return await conclude(loaded, ledger, sweep, how);
}

/** Puts what is not over, and what had failed or was cancelled; lets go of what the search has given up. */
async function putAgain(ledger: Ledger, mail: Mail, sweep: string): Promise<void> {
  const records = ledger.records();
  const given = records.filter(({ outcome }) => outcome?.kind === "stopped");
  await mail.cancel(given, "the search has given the trial up");
  for (const { job, outcome } of records) {
    if (outcome?.kind === "failed" || outcome?.kind === "cancelled") await ledger.put(job);
  }
  await mail.send(ledger.open());
  const there = await mail.standing();
  const isCancelled = (record: KeptJob): boolean =>
    there.get(queueIdOf(record, sweep))?.outcome?.kind === "cancelled";
  const again: KeptJob[] = [];
  for (const record of ledger.open()) if (isCancelled(record)) again.push(await ledger.put(record.job));
  await mail.send(again);
}

/** Cancels what is not over. A job that was to be put when its host died is in no queue. */
async function withdraw(ledger: Ledger, mail: Mail, sweep: string): Promise<void> {
  const there = await mail.standing();
  for (const record of ledger.open()) {
    if (!there.has(queueIdOf(record, sweep))) await ledger.settle(record.job, { kind: "cancelled" });
  }
}

/** Decides, and does it, again and again. @returns undefined where it was interrupted */
async function direct(
  { loaded, queue, cancels = false }: HostOptions,
  ledger: Ledger,
  mail: Mail,
  stop: AbortSignal,
): Promise<SweepEnd["over"] | undefined> {
  let cancelled = cancels;
  let isEnding = false;
  while (!stop.aborted) {
    const isCancelled = await mail.takeIn();
    cancelled ||= isCancelled && !isEnding;
    const room = await queue.room?.();
    const todo = await decide(loaded, ledger.records(), { ...(room !== undefined && { room }), cancelled });
    const meant = (ids: readonly string[]): KeptJob[] =>
      ledger.open().filter(({ job }) => ids.includes(job.id));
    const given = meant(todo.stop);
    for (const { job } of given) await ledger.settle(job, { kind: "stopped" });
    if (given.length > 0) await mail.cancel(given, "the search has given the trial up");
    const put: KeptJob[] = [];
    for (const job of todo.put) put.push(await ledger.put(job));
    await mail.send(put);
    if (todo.over !== undefined) return todo.over;
    if (todo.cancel.length > 0) {
      isEnding = true;
      await mail.cancel(meant(todo.cancel), "the sweep ends without it");
    }
    await mail.arrival(stop);
  }
  return undefined;
}

async function conclude(
  loaded: LoadedSweep,
  { log, records }: Ledger,
  { writer }: HeldSweep,
  how: SweepEnd,
): Promise<RunResult> {
  const result = resultOf(loaded, records(), how);
  if (Object.keys(result.metrics).length > 0) await log.emit({ type: "metrics", values: result.metrics });
  for (const expectation of result.expectations) await log.emit({ type: "expectation", ...expectation });
  await end(writer, log, result);
  return result;
}

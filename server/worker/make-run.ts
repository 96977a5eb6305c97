/**
 * Makes the run of a job in a trainer, a process of its own.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AttemptEnd,
  InputError,
  type Job,
  type JobTask,
  messageOf,
  numbersAt,
  type PausePoint,
  type RunOwner,
  type RunResult,
  type Store,
} from "../../core/mod.ts";
import { startTrainer, type TrainerRequest, type WhenAlone } from "../trainer/mod.ts";
import { runOf } from "../trainer/open-run.ts";

/** Where runs are made, and who is told of them. */
export interface MakeRunOptions {
  /** Where the runs are kept, see `storeAt`. */
  readonly runs: string;
  /** Plugins that bring the store, from the working directory. */
  readonly storePlugins?: readonly string[] | undefined;
  /** The store of that place. */
  readonly store: Store;
  /** Stored with a run that begins, beside what is known of the machine. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** Called with the id of the run, once it exists and its trainer writes it. */
  readonly begun?: (run: string) => void;
  /** Called with the id of the run when its trainer is gone, before the attempt counts as ended. */
  readonly finished?: (run: string) => Promise<void>;
  /** Seconds that a trainer has to stop, and megabytes that it may take: see `startTrainer`. */
  readonly grace?: number | undefined;
  readonly memory?: number | undefined;
  /** What a trainer does when this process is gone; `stop` unless given. */
  readonly whenAlone?: WhenAlone | undefined;
  /** Ends trainers at once when aborted; their runs go on from their newest checkpoints. */
  readonly atOnce?: AbortSignal;
  /** Gets what trainers print; stderr unless given. */
  readonly output?: NodeJS.WritableStream;
}

/** A signal that is meant for a worker and its trainers alike may reach a trainer first, by this long. */
const SAME_SIGNAL_MS = 1000;

/**
 * Makes the run of a job. A run that has ended is not made again: what it came to is returned, as it is of one that has
 * come to where it pauses. One that was begun goes on from its newest checkpoint.
 * @param signal has the trainer write a checkpoint and stop
 * @throws InputError where the run cannot begin; RunLost or RunError where the attempt was lost
 */
export async function makeRun(
  { task }: Pick<Job, "task">,
  signal: AbortSignal,
  options: MakeRunOptions,
): Promise<AttemptEnd> {
  const { store, begun, finished, atOnce, output, grace, memory, whenAlone } = options;
  const known = "resume" in task ? task.resume : task.run;
  const kept = known === undefined ? undefined : await (await runOf(store, known))?.result();
  if (kept?.status === "passed" || kept?.status === "missed") return outcomeOf(kept);
  const before = known === undefined ? undefined : await pausedOutcome(store, known, task.until);
  if (before !== undefined) return before;
  signal.throwIfAborted();
  const holder = known === undefined ? undefined : await holderOf(store, known);
  if (holder !== undefined) return held(known!, holder);
  const trainer = startTrainer(requestFor(task, options), {
    ...{ store, grace, memory },
    ...(output && { output }),
    ...(whenAlone && { whenAlone }),
  });
  const cancel = (): void => trainer.cancel(messageOf(signal.reason));
  const kill = (): void => trainer.kill();
  signal.addEventListener("abort", cancel);
  atOnce?.addEventListener("abort", kill);
  trainer.run.then(begun, () => {}); // `ended` rejects with the reason
  try {
    const result = await trainer.ended;
    await finished?.(result.run);
    if (result.status === "failed" && trainer.died) {
      return { kind: "lost", run: result.run, message: result.error?.message ?? "the run was lost" };
    }
    if (result.status === "paused") {
      const paused = await pausedOutcome(store, result.run, task.until);
      if (paused !== undefined) return paused;
    }
    if (result.status === "cancelled" && !signal.aborted) {
      await sleep(SAME_SIGNAL_MS);
      const message = "the process that trained was told to stop from outside (SIGTERM)";
      return { kind: "lost", run: result.run, message };
    }
    return outcomeOf(result);
  } catch (error) {
    const other = error instanceof InputError && known !== undefined && (await holderOf(store, known));
    if (other) return held(known, other); // another began with it at the same time
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    atOnce?.removeEventListener("abort", kill);
  }
}

function requestFor(task: JobTask, { runs, storePlugins, about }: MakeRunOptions): TrainerRequest {
  const { until } = task;
  const place = { runs, storePlugins, ...(about && { about }), ...(until && { until }) };
  if ("resume" in task) return { ...place, resume: task.resume };
  const { scenario, run } = task;
  return { ...place, scenario, ...(run !== undefined && { id: run, mayExist: true }) };
}

/** What a run has come to that pauses; undefined where it has not come there. */
async function pausedOutcome(
  store: Store,
  run: string,
  until: PausePoint | undefined,
): Promise<AttemptEnd | undefined> {
  if (until === undefined) return undefined;
  const events = (await (await runOf(store, run))?.events()) ?? [];
  const metrics = numbersAt(events, until);
  return metrics && { kind: "paused", run, metrics };
}

/** The process that writes a run; undefined where none does. */
async function holderOf(store: Store, run: string): Promise<RunOwner | undefined> {
  return await (await runOf(store, run))?.owner();
}

/** Its result will serve this job as well, and where that process dies the job goes on with the run. */
function held(run: string, { pid, host }: RunOwner): AttemptEnd {
  return { kind: "lost", isBlocked: true, run, message: `process ${pid} on ${host} writes run ${run}` };
}

function outcomeOf({ run, status, metrics, error }: RunResult): AttemptEnd {
  if (status === "cancelled" || status === "paused") return { kind: "cancelled", run };
  if (status === "failed") return { kind: "failed", run, message: error?.message ?? "the run failed" };
  return { kind: "ended", run, status, metrics };
}

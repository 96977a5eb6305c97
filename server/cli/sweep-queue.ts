/**
 * The queue of a sweep: a pool of trainers of this process, or one that workers elsewhere take jobs from.
 *
 * @module
 */
import { availableParallelism, cpus } from "node:os";
import {
  type JobHandler,
  type Jobs,
  type LoadedSweep,
  type Store,
  type WorkerTraits,
  withoutSecrets,
} from "../../core/mod.ts";
import { localJobs } from "../../plugins/jobs/mod.ts";
import type { SweepQueue } from "../sweep/host.ts";
import { limitThreads } from "../trainer/threads.ts";
import { makeRun } from "../worker/make-run.ts";
import { traitsOf } from "../worker/traits.ts";
import { commandOf, workerCommandFor } from "./again.ts";
import type { Host } from "./host.ts";
import { version } from "./package.ts";
import { openQueue } from "./queue.ts";
import { placeOf } from "./runs.ts";
import type { SweepOptions } from "./sweep-options.ts";
import { count } from "./words.ts";

/** A sweep whose runs are made. */
export interface MadeSweep {
  readonly id: string;
  readonly loaded: LoadedSweep;
  readonly store: Store;
}

/** A queue before a worker of this process takes jobs from it. */
export interface OpenedQueue extends Omit<SweepQueue, "worker"> {
  /** Who makes the runs, in a few words. */
  readonly makers: string;
  /** Has this process make runs, where it is to. */
  work(): Promise<Pick<SweepQueue, "worker">>;
}

/**
 * Opens the queue of a sweep.
 * @param place where it is; undefined for a pool of this process
 * @throws InputError where it cannot be reached
 */
export async function openSweepQueue(
  place: string | undefined,
  made: MadeSweep,
  options: SweepOptions,
  host: Host,
): Promise<OpenedQueue> {
  limitThreads(1); // side by side, runs of one thread do more than runs of several
  return place === undefined ? pool(made, options) : await shared(place, made, options, host);
}

function pool(made: MadeSweep, options: SweepOptions): OpenedQueue {
  const atOnce = options.atOnce ?? availableParallelism();
  const jobs = localJobs();
  return {
    ...{ jobs, isShared: false, makers: `${atOnce} at once` },
    room: () => atOnce,
    async work() {
      // Which engine `auto` takes here matters to nobody: all workers are this one.
      const traits = { engine: "auto", processor: processor(), threads: 1, versions: { dsgan: version() } };
      return { worker: await workerOf(jobs, atOnce, traits, made, options) };
    },
  };
}

async function shared(
  place: string,
  made: MadeSweep,
  options: SweepOptions,
  host: Host,
): Promise<OpenedQueue> {
  const { atOnce, slots } = options;
  const { search } = made.loaded;
  const jobs = await openQueue(place, options, host);
  const slotsThere = async (): Promise<number> =>
    (await jobs.workers()).reduce((sum, worker) => sum + worker.slots, 0);
  const workers = await jobs.workers();
  const total = workers.reduce((sum, worker) => sum + worker.slots, 0);
  const shown = withoutSecrets(place);
  if (workers.length === 0 && slots === undefined) {
    const command = workerCommandFor(options.runs, place === options.runs ? undefined : place);
    process.stderr.write(`no worker takes jobs from ${shown} yet: ${command}\n`);
  }
  const here = slots === undefined ? [] : [`${slots} at once here`];
  const elsewhere = `${count(workers.length, "worker")} with ${count(total, "slot")} at ${shown}`;
  // Where what comes next depends on scores, nothing is put before somebody is free for it.
  const room = atOnce === undefined ? (search.learns || search.rungs ? slotsThere : undefined) : () => atOnce;
  return {
    ...{ jobs, isShared: true, makers: [...here, elsewhere].join(", ") },
    ...(room && { room }),
    async work() {
      if (slots === undefined) return {};
      return { worker: await workerOf(jobs, slots, await traitsOf(1), made, options) };
    },
  };
}

async function workerOf(
  jobs: Jobs,
  slots: number,
  traits: WorkerTraits,
  { id, store }: MadeSweep,
  options: SweepOptions,
) {
  const handle: JobHandler = async (job, stop) => {
    const { task } = job;
    const command = "scenario" in task ? commandOf(task.scenario.file, task.scenario.overrides ?? []) : "";
    const about = { command, sweep: job.group ?? id, job: job.id, attempt: job.attempt };
    return await makeRun(job, stop, { ...placeOf(options), store, about });
  };
  const trouble = (message: string): void =>
    void process.stderr.write(`dsgan: the queue: ${message}; trying again\n`);
  return await jobs.work(slots, handle, { traits, trouble });
}

function processor(): string {
  return cpus()[0]?.model ?? "unknown";
}

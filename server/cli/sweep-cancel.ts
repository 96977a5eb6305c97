/**
 * `dsgan sweep cancel`.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { InputError, type Jobs, type RunOwner } from "../../core/mod.ts";
import { hostSweep } from "../sweep/host.ts";
import { holdSweep, reopenSweep, storyOf } from "../sweep/kept.ts";
import { sweepAgain } from "./again.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";
import { print } from "./output.ts";
import { openQueue, placeOfJobs, type QueueOptions } from "./queue.ts";
import { type NamedRun, runNamed } from "./runs.ts";

const POLL_MS = 200;

/** A sweep to stop. */
type Target = Pick<NamedRun, "id" | "reader" | "store"> & Awaited<ReturnType<typeof reopenSweep>>;

/**
 * Stops a sweep. Its host learns from the queue that jobs were cancelled, wherever it runs; where none is left, this
 * process takes its place. A sweep without a queue stops as by Ctrl-C where it runs.
 * @returns the exit code
 * @throws InputError where it is over; where its jobs are in no queue, and nobody hosts it or a process of another machine
 *   does
 */
export async function cancelSweepCommand(given: string, options: QueueOptions, host: Host): Promise<number> {
  const { reader, id, runs, store } = await runNamed(given, options, host);
  const { loaded, text } = await reopenSweep(reader, host.plugins);
  await loaded.search.close?.();
  const target = { id, reader, store, loaded, text };
  if (text.jobs === undefined) await interrupt(target);
  else {
    const jobs = await openQueue((await placeOfJobs(options, host, text.jobs)) ?? text.jobs, options, host);
    try {
      await withdraw(target, jobs);
    } finally {
      await jobs.close();
    }
  }
  const { result } = await storyOf(reader);
  const hint = result?.status === "cancelled" ? `; go on with: ${sweepAgain("resume", id, runs)}` : "";
  print(`sweep ${id}: ${result?.status ?? "stopped"}${hint}\n`);
  return EXIT.met;
}

/** Stops the process that hosts a sweep, and makes its runs. */
async function interrupt({ id, reader }: Target): Promise<void> {
  const owner = await reader.owner();
  if (owner === undefined) {
    const { result } = await storyOf(reader);
    throw new InputError(`sweep ${id} is not running: ${result?.status ?? "its host is gone"}`);
  }
  if (!owner.isHere) throw elsewhere(id, owner);
  process.kill(owner.pid, "SIGTERM");
  while ((await reader.owner())?.epoch === owner.epoch) await sleep(POLL_MS);
}

function elsewhere(id: string, { pid, host }: RunOwner): InputError {
  return new InputError(`sweep ${id} is hosted by process ${pid} on ${host}: cancel it there`);
}

/** Cancels the jobs of a sweep until its host has ended it; what a host that died had put, in its place. */
async function withdraw(target: Target, jobs: Jobs): Promise<void> {
  const { id, reader } = target;
  const { result } = await storyOf(reader);
  if (result !== undefined && (await reader.owner()) === undefined) {
    throw new InputError(`sweep ${id} is not running: ${result.status}`);
  }
  while ((await reader.owner()) !== undefined) {
    const open = (await jobs.list({ group: id })).filter(({ state }) => state !== "over");
    await jobs.cancel(
      open.map(({ job }) => job.id),
      "the sweep is cancelled",
    );
    await sleep(POLL_MS);
  }
  if ((await storyOf(reader)).result === undefined) await inPlaceOfHost(target, jobs);
}

async function inPlaceOfHost({ id, store, loaded, text }: Target, jobs: Jobs): Promise<void> {
  const sweep = await holdSweep(store, id, loaded.sweep.name, text);
  try {
    const { signal } = new AbortController();
    const queue = { jobs, isShared: true };
    await hostSweep({ loaded, text, sweep, queue, cancels: true, signal, show: () => {} });
  } finally {
    await sweep.writer.close();
  }
}

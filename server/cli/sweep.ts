/**
 * `dsgan sweep`: a scenario under many settings, from many seeds, on a pool of trainers of this machine.
 *
 * @module
 */
import { Console } from "node:console";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { InputError, type LoadedSweep, messageOf, type RunResult, type Store } from "../../core/mod.ts";
import { localJobs } from "../../plugins/jobs/mod.ts";
import { hostSweep } from "../sweep/host.ts";
import { holdSweep, reopenSweep, type SweepText, storyOf, sweepIdOf, textOf } from "../sweep/kept.ts";
import { resultOf } from "../sweep/outcome.ts";
import { totalOf } from "../sweep/plan.ts";
import { runOf } from "../trainer/open-run.ts";
import { limitThreads } from "../trainer/threads.ts";
import { makeRun } from "../worker/make-run.ts";
import { commandOf } from "./again.ts";
import { annotateProblems, annotateResult } from "./annotations.ts";
import { codeOfError, codeOfResult, tell } from "./exit.ts";
import type { Host } from "./host.ts";
import { interruptible } from "./interrupt.ts";
import { junit } from "./junit.ts";
import { loadSweepFile } from "./load.ts";
import { version } from "./package.ts";
import { requireWritable } from "./run.ts";
import { placeOf, runNamed, storeOf } from "./runs.ts";
import { concludeSweep } from "./sweep-conclusion.ts";
import { detachSweep } from "./sweep-detach.ts";
import { sweepDisplay } from "./sweep-display.ts";
import type { SweepOptions } from "./sweep-options.ts";
import { planCommand } from "./sweep-plan.ts";
import { onGitHub } from "./watch.ts";

/** A sweep to host. */
interface Chosen {
  readonly id: string;
  readonly loaded: LoadedSweep;
  readonly text: SweepText;
}

/** Runs a sweep, or goes on with it. @returns the exit code */
export async function sweepCommand(given: string, options: SweepOptions, host: Host): Promise<number> {
  if (options.dryRun) return await planCommand(given, options.json ?? false, host);
  return await guarded(given, options, async () => {
    const found = await loadSweepFile(given, host);
    const { loaded } = found;
    const chosen = { id: await sweepIdOf(loaded), loaded, text: textOf(loaded, found) };
    if (!options.detach) return await hostHere(chosen, options, host);
    await loaded.search.close?.();
    return await detachSweep(["sweep", given], chosen.id, options, host);
  });
}

/** Goes on with a sweep. @returns the exit code */
export async function resumeSweepCommand(given: string, options: SweepOptions, host: Host): Promise<number> {
  return await guarded(given, options, async () => {
    const { runs, id, reader } = await runNamed(given, options, host);
    const place = { ...options, runs };
    const { loaded, text } = await reopenSweep(reader, host.plugins);
    if (!options.detach) return await hostHere({ id, loaded, text }, place, host);
    await loaded.search.close?.();
    return await detachSweep(["sweep", "resume", id], id, place, host);
  });
}

/** Tells what goes wrong before a sweep can be hosted, where whoever started the command looks for it. */
async function guarded(given: string, options: SweepOptions, act: () => Promise<number>): Promise<number> {
  if (options.junit !== undefined) requireWritable(options.junit);
  // Whatever plugins print, stdout is for the events alone.
  if (options.json) globalThis.console = new Console(process.stderr);
  try {
    return await act();
  } catch (error) {
    tell(error);
    if (onGitHub() && error instanceof InputError) annotate(options, annotateProblems(error, given));
    if (options.junit !== undefined) {
      writeFileSync(options.junit, junit([{ file: given, error: messageOf(error) }]));
    }
    return codeOfError(error);
  }
}

/** Hosts a sweep in this process, unless it has come to its end before. */
async function hostHere({ id, loaded, text }: Chosen, options: SweepOptions, host: Host): Promise<number> {
  const store = await storeOf(options, host);
  const interrupt = interruptible();
  try {
    const result =
      (await endBefore(id, loaded, store)) ??
      (await hosted({ id, loaded, text }, options, store, interrupt.signal));
    const reader = await store.open(id);
    concludeSweep({ loaded, reader, result, story: await storyOf(reader) }, text.file, options);
    if (options.junit !== undefined) writeFileSync(options.junit, junit([{ file: text.file, result }]));
    if (onGitHub()) {
      const place = { file: text.file, text: text.text, report: undefined };
      annotate(options, annotateResult(result, { ...place, keysOf: boundsOf }));
    }
    return interrupt.code ?? codeOfResult(result);
  } finally {
    interrupt.release();
  }
}

/** What a sweep that has come to its end came to, by the bounds that the file has now. */
async function endBefore(id: string, loaded: LoadedSweep, store: Store): Promise<RunResult | undefined> {
  const reader = await runOf(store, id);
  if (reader === undefined) return undefined;
  const { result, records, seconds } = await storyOf(reader);
  if (result?.status !== "passed" && result?.status !== "missed") return undefined;
  if ((await reader.owner()) !== undefined) return undefined;
  await loaded.search.close?.();
  return resultOf(loaded, records, { run: id, over: "done", seconds });
}

async function hosted(
  { id, loaded, text }: Chosen,
  options: SweepOptions,
  store: Store,
  signal: AbortSignal,
): Promise<RunResult> {
  limitThreads(1); // side by side, runs of one thread do more than runs of several
  const atOnce = options.atOnce ?? availableParallelism();
  const sweep = await holdSweep(store, id, loaded.sweep.name, text);
  const jobs = localJobs();
  const total = await totalOf(loaded);
  const display = sweepDisplay({ id, loaded, sweep, atOnce, ...(total !== undefined && { total }) }, options);
  try {
    const processor = cpus()[0]?.model ?? "unknown";
    const traits = { engine: "auto", processor, threads: 1, versions: { dsgan: version() } };
    const worker = await jobs.work(
      atOnce,
      async (job, stop) => {
        const { task } = job;
        const command =
          "scenario" in task ? commandOf(task.scenario.file, task.scenario.overrides ?? []) : "";
        const about = { command, sweep: id, job: job.id, attempt: job.attempt };
        const run = "resume" in task ? task.resume : (task.run ?? job.id);
        const event = display.run.bind(display, run);
        return await makeRun(job, stop, { ...placeOf(options), store, about, event });
      },
      { traits },
    );
    const show = display.show.bind(display);
    const queue = { jobs, worker, room: atOnce, ...(total !== undefined && { total }) };
    return await hostSweep({ loaded, text, sweep, ...queue, signal, show });
  } finally {
    display.end();
    await jobs.close();
    await sweep.writer.close();
  }
}

/** Where a sweep file has the bounds on what a result calls `mean coverage`. */
function boundsOf(name: string): readonly string[] {
  const [part = "", metric = ""] = name.split(" ");
  return ["expect", metric, part];
}

/** Annotations go where GitHub reads them and they are not in the way. */
function annotate({ json }: SweepOptions, text: string): void {
  (json ? process.stderr : process.stdout).write(text);
}

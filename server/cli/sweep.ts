/**
 * `dsgan sweep`: a scenario under many settings, from many seeds, on a pool of trainers of this machine or by the workers
 * of a queue.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import {
  InputError,
  type LoadedSweep,
  messageOf,
  type RunEvent,
  type RunResult,
  type Store,
  withoutSecrets,
} from "../../core/mod.ts";
import { type Follower, followRuns } from "../sweep/follow.ts";
import { hostSweep } from "../sweep/host.ts";
import {
  type HeldSweep,
  holdSweep,
  reopenSweep,
  type SweepText,
  storyOf,
  sweepIdOf,
  textOf,
} from "../sweep/kept.ts";
import { resultOf } from "../sweep/outcome.ts";
import { totalOf } from "../sweep/plan.ts";
import { runOf } from "../trainer/open-run.ts";
import { sweepAgain } from "./again.ts";
import { annotateProblems, annotateResult } from "./annotations.ts";
import { codeOfError, codeOfResult, EXIT, tell } from "./exit.ts";
import type { Host } from "./host.ts";
import { interruptible } from "./interrupt.ts";
import { junit } from "./junit.ts";
import { loadSweepFile } from "./load.ts";
import { placeOfJobs } from "./queue.ts";
import { requireWritable } from "./run.ts";
import { runNamed, storeOf } from "./runs.ts";
import { addToStepSummary } from "./step-summary.ts";
import { concludeSweep } from "./sweep-conclusion.ts";
import { detachSweep } from "./sweep-detach.ts";
import { type SweepDisplay, sweepDisplay } from "./sweep-display.ts";
import type { SweepOptions } from "./sweep-options.ts";
import { planCommand } from "./sweep-plan.ts";
import { openSweepQueue } from "./sweep-queue.ts";
import { writeSweepReport } from "./sweep-report.ts";
import { onGitHub } from "./watch.ts";

/** A sweep to host. */
interface Chosen {
  readonly id: string;
  readonly loaded: LoadedSweep;
  readonly text: SweepText;
  /** Whether runs that failed are tried again although the sweep has come to its end. */
  readonly retries: boolean;
}

/** Runs a sweep, or goes on with it. @returns the exit code */
export async function sweepCommand(given: string, options: SweepOptions, host: Host): Promise<number> {
  if (options.dryRun) return await planCommand(given, options.json ?? false, host);
  return await guarded(given, options, async () => {
    const found = await loadSweepFile(given, host);
    const { loaded } = found;
    const chosen = { id: await sweepIdOf(loaded), loaded, text: textOf(loaded, found), retries: false };
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
    if (!options.detach) return await hostHere({ id, loaded, text, retries: true }, place, host);
    await loaded.search.close?.();
    return await detachSweep(["sweep", "resume", id], id, place, host);
  });
}

/** Tells what goes wrong before a sweep can be hosted, where whoever started the command looks for it. */
async function guarded(given: string, options: SweepOptions, act: () => Promise<number>): Promise<number> {
  if (options.junit !== undefined) requireWritable(options.junit);
  try {
    return await act();
  } catch (error) {
    tell(error);
    if (onGitHub() && error instanceof InputError) annotate(options, annotateProblems(error, given));
    if (options.junit !== undefined) {
      writeFileSync(options.junit, junit([{ file: given, error: messageOf(error) }]));
    }
    addToStepSummary([{ file: given, error: messageOf(error) }]);
    return codeOfError(error);
  }
}

/** Hosts a sweep in this process, unless it has come to its end before. */
async function hostHere(chosen: Chosen, options: SweepOptions, host: Host): Promise<number> {
  const { id, loaded, text } = chosen;
  const store = await storeOf(options, host);
  const interrupt = interruptible();
  try {
    const result =
      (await endBefore(chosen, store)) ?? (await hosted(chosen, options, store, interrupt.signal, host));
    if (result === undefined) {
      process.stdout.write(leftToOthers(id, options));
      return interrupt.code ?? EXIT.interrupted;
    }
    const reader = await store.open(id);
    const told = { loaded, reader, result, story: await storyOf(reader) };
    const report = await writeSweepReport(told, store, host);
    concludeSweep(told, text.file, { ...options, ...(report !== undefined && { report }) });
    if (options.junit !== undefined) writeFileSync(options.junit, junit([{ file: text.file, result }]));
    addToStepSummary([{ file: text.file, result }]);
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
async function endBefore({ id, loaded, retries }: Chosen, store: Store): Promise<RunResult | undefined> {
  const reader = await runOf(store, id);
  if (reader === undefined) return undefined;
  const { result, records, seconds } = await storyOf(reader);
  if (result?.status !== "passed" && result?.status !== "missed") return undefined;
  if (retries && records.some(({ outcome }) => outcome?.kind === "failed")) return undefined;
  if ((await reader.owner()) !== undefined) return undefined;
  await loaded.search.close?.();
  return resultOf(loaded, records, { run: id, over: "done", seconds });
}

async function hosted(
  { id, loaded, text }: Chosen,
  options: SweepOptions,
  store: Store,
  signal: AbortSignal,
  host: Host,
): Promise<RunResult | undefined> {
  const place = await placeOfJobs(options, host, text.jobs);
  const queue = await openSweepQueue(place, { id, loaded, store }, options, host);
  let held: HeldSweep | undefined;
  let display: SweepDisplay | undefined;
  let runs: Follower | undefined;
  try {
    const kept = { ...withoutPlace(text), ...(place !== undefined && { jobs: withoutSecrets(place) }) };
    const sweep = await holdSweep(store, id, loaded.sweep.name, kept);
    held = sweep;
    const total = await totalOf(loaded);
    const known = total !== undefined && { total };
    const shown = sweepDisplay({ id, loaded, sweep, makers: queue.makers, ...known }, options);
    display = shown;
    runs = shown.run && followRuns({ store, records: sweep.records }, shown.run);
    const show = (event: RunEvent): void => {
      shown.show(event);
      runs?.take(event);
    };
    const made = { ...queue, ...(await queue.work()) };
    const result = await hostSweep({ loaded, text: kept, sweep, queue: made, ...known, signal, show });
    await runs?.end();
    return result;
  } finally {
    runs?.close();
    display?.end();
    await queue.jobs.close();
    await held?.writer.close();
  }
}

function withoutPlace({ jobs, ...text }: SweepText): SweepText {
  return text;
}

/** What is told where the host of a sweep was interrupted, and workers go on. */
function leftToOthers(id: string, { runs, json }: SweepOptions): string {
  if (json) return "";
  return (
    `workers go on with the jobs that sweep ${id} has put\n` +
    `  ${sweepAgain("resume", id, runs)}    goes on with the sweep, on any machine\n` +
    `  ${sweepAgain("cancel", id, runs)}    stops it, with checkpoints\n`
  );
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

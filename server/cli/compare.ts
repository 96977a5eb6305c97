/**
 * `dsgan compare`: what runs came to, as means, standard deviations and intervals over runs that differ in their seed alone,
 * and how far settings differ over the seeds that they share.
 *
 * @module
 */
import { InputError, jsonOf, type RunReader } from "../../core/mod.ts";
import { baselineInWords, type Held, heldAgainst, readBaseline, tolerancesOf } from "./baseline.ts";
import { type FORMATS, formatted, titleOf } from "./compare-formats.ts";
import { plot } from "./compare-plot.ts";
import { type Comparison, comparisonsOf, endedOf, groupsOf } from "./comparison.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";
import { print } from "./output.ts";
import { type RunsOptions, runNamed, storeOf } from "./runs.ts";

/** Options of `dsgan compare`. */
export interface CompareOptions extends RunsOptions {
  /** Of these alone. */
  readonly metric?: readonly string[];
  readonly json?: boolean;
  /** File of an earlier result, which the runs are held against. */
  readonly baseline?: string;
  /** How far metrics may fall behind the baseline: `name=0.02`, `name=5%`, or a number for all. */
  readonly tolerance?: readonly string[];
  /** A table unless given. */
  readonly format?: (typeof FORMATS)[number];
  /** File of a picture of the metrics' curves. */
  readonly plot?: string;
}

/** Compares runs: those named, or all of a folder that have ended. @returns the exit code */
export async function compareCommand(
  given: readonly string[],
  options: CompareOptions,
  host: Host,
): Promise<number> {
  const { metric, json, format = "table" } = options;
  const readers: RunReader[] = [];
  if (given.length > 0) for (const name of given) readers.push((await runNamed(name, options, host)).reader);
  else {
    const store = await storeOf(options, host);
    for (const id of await store.list()) readers.push(await store.open(id));
  }
  const ended = (await Promise.all(readers.map(endedOf))).filter((run) => run !== undefined);
  const unfinished = readers.length - ended.length;
  if (ended.length === 0) {
    throw new InputError(
      `of ${readers.length} runs none has ended with metrics: there is nothing to compare`,
    );
  }
  const groups = groupsOf(ended);
  const comparisons = comparisonsOf(groups, metric);
  const held = baselineOf(options, comparisons);
  if (json) print(`${jsonOf(held === undefined ? comparisons : { comparisons, baseline: held }, 2)}\n`);
  else print(`${formatted(comparisons, format)}\n`);
  if (held !== undefined && !json) print(`${baselineInWords(held)}\n`);
  const twice = ended.length - groups.flat().length;
  if (twice > 0)
    process.stderr.write(`left out: ${twice} of a setting and a seed that are counted already\n`);
  if (unfinished > 0) process.stderr.write(`left out: ${unfinished} that have no metrics yet, or failed\n`);
  if (options.plot !== undefined) {
    const settings = groups.map((runs, i) => ({
      runs: runs.map(({ reader }) => reader),
      name: titleOf(comparisons[i]!),
    }));
    const names = metric ?? [...new Set(comparisons.flatMap(({ metrics }) => Object.keys(metrics)))];
    await plot(options.plot, settings, names, host);
  }
  return held?.some(({ regressed }) => regressed) ? EXIT.missed : EXIT.met;
}

/** How the runs stand beside the baseline; undefined where none is given. */
function baselineOf(
  { baseline, tolerance = [], metric }: CompareOptions,
  comparisons: readonly Comparison[],
): readonly Held[] | undefined {
  if (baseline === undefined) {
    if (tolerance.length > 0)
      throw new InputError("--tolerance: it needs a --baseline to hold the runs against");
    return undefined;
  }
  return heldAgainst(readBaseline(baseline), comparisons, tolerancesOf(tolerance), metric);
}

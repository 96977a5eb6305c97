/**
 * `dsgan compare`: what runs came to, as means, standard deviations and intervals over runs that differ in their seed alone,
 * and how far settings differ over the seeds that they share.
 *
 * @module
 */
import { InputError, type RunReader } from "../../core/mod.ts";
import { type FORMATS, formatted, titleOf } from "./compare-formats.ts";
import { plot } from "./compare-plot.ts";
import { comparisonsOf, endedOf, groupsOf } from "./comparison.ts";
import type { Host } from "./host.ts";
import { type RunsOptions, runNamed, storeOf } from "./runs.ts";

/** Options of `dsgan compare`. */
export interface CompareOptions extends RunsOptions {
  /** Of these alone. */
  readonly metric?: readonly string[];
  readonly json?: boolean;
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
  if (json) process.stdout.write(`${JSON.stringify(comparisons, null, 2)}\n`);
  else process.stdout.write(`${formatted(comparisons, format)}\n`);
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
  return 0;
}

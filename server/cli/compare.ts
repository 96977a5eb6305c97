/**
 * `dsgan compare`: what runs came to, as means and standard deviations over runs that differ in their seed alone.
 *
 * @module
 */
import Table from "cli-table3";
import { parse } from "yaml";
import { InputError, RUN_FILES, type RunReader, type RunResult } from "../../core/mod.ts";
import { duration, number } from "../report/format.ts";
import type { Host } from "./host.ts";
import { type RunsOptions, runNamed, storeOf } from "./runs.ts";

/** Options of `dsgan compare`. */
export interface CompareOptions extends RunsOptions {
  /** Of these alone. */
  readonly metric?: readonly string[];
  readonly json?: boolean;
}

/** A metric over several runs. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation (n − 1); 0 for one run. */
  readonly deviation: number;
  readonly values: readonly number[];
}

/** Runs that differ in their seed alone. */
export interface Comparison {
  readonly scenario: string;
  /** Options in which it differs from others of the same scenario. */
  readonly differs: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  readonly metrics: Readonly<Record<string, Spread>>;
  readonly seconds: Spread;
}

interface Ended {
  readonly result: RunResult;
  readonly seed: number;
  /** The scenario's options by path, without what does not change what is computed from a seed. */
  readonly options: ReadonlyMap<string, unknown>;
}

/** Parts of a scenario that say nothing of what its runs come to. */
const BESIDE = new Set(["seed", "description", "tags", "checkpoint", "expect"]);

/** Compares runs: those named, or all of a folder that have ended. @returns the exit code */
export async function compareCommand(
  given: readonly string[],
  options: CompareOptions,
  host: Host,
): Promise<number> {
  const { metric, json } = options;
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
  const comparisons = comparisonsOf(ended, metric);
  if (json) process.stdout.write(`${JSON.stringify(comparisons, null, 2)}\n`);
  else process.stdout.write(`${comparisons.map(drawn).join("\n\n")}\n`);
  if (unfinished > 0) process.stderr.write(`left out: ${unfinished} that have no metrics yet, or failed\n`);
  return 0;
}

/** What a run came to; undefined where it has not come to an end of its own. */
async function endedOf(reader: RunReader): Promise<Ended | undefined> {
  const result = await reader.result();
  if (result === undefined || (result.status !== "passed" && result.status !== "missed")) return undefined;
  const scenario = parse(new TextDecoder().decode(await reader.read(RUN_FILES.scenario)));
  const rest = Object.fromEntries(Object.entries(scenario).filter(([name]) => !BESIDE.has(name)));
  return { result, seed: Number(scenario.seed ?? 0), options: new Map(leaves(rest, "")) };
}

/** Every value of a document, by its path. */
function* leaves(value: unknown, path: string): Generator<[string, unknown]> {
  if (value === null || typeof value !== "object") yield [path, value];
  else if (Array.isArray(value)) yield [path, JSON.stringify(value)];
  else {
    for (const [name, inner] of Object.entries(value)) {
      yield* leaves(inner, path === "" ? name : `${path}.${name}`);
    }
  }
}

/** @param only metrics that are wanted @throws InputError where no run has one of them */
function comparisonsOf(runs: readonly Ended[], only: readonly string[] | undefined): Comparison[] {
  const groups = Map.groupBy(runs, ({ options }) => JSON.stringify([...options].sort()));
  const byScenario = Map.groupBy(groups.values(), ([run]) => run!.result.scenario);
  const comparisons = [...byScenario].flatMap(([scenario, some]) =>
    some.map((group): Comparison => {
      const ofSeed = group.toSorted((a, b) => a.seed - b.seed);
      const names = Object.keys(ofSeed[0]!.result.metrics).filter((name) => only?.includes(name) ?? true);
      const metrics = names.map((name) => [name, spread(ofSeed.map(({ result }) => result.metrics[name]!))]);
      return {
        scenario,
        differs: differences(ofSeed[0]!, some),
        seeds: ofSeed.map(({ seed }) => seed),
        metrics: Object.fromEntries(metrics),
        seconds: spread(ofSeed.map(({ result }) => result.seconds)),
      };
    }),
  );
  for (const name of only ?? []) {
    if (!comparisons.some(({ metrics }) => name in metrics)) {
      const there = [...new Set(runs.flatMap(({ result }) => Object.keys(result.metrics)))].join(", ");
      throw new InputError(`--metric ${name}: no run has it. There are: ${there}`);
    }
  }
  return comparisons;
}

/** Options that not all groups have alike: of nested ones only the name where the name differs. */
function differences({ options }: Ended, groups: readonly (readonly Ended[])[]): Record<string, unknown> {
  const all = groups.map(([run]) => run!.options);
  const paths = [...new Set(all.flatMap((one) => [...one.keys()]))];
  const differing = paths.filter((path) => all.some((one) => one.get(path) !== options.get(path)));
  const parts = differing.filter((path) => path.endsWith(".use")).map((path) => path.slice(0, -"use".length));
  const telling = differing.filter(
    (path) => !parts.some((part) => path.startsWith(part) && path !== `${part}use`),
  );
  return Object.fromEntries(
    telling.filter((path) => options.has(path)).map((path) => [path, options.get(path)]),
  );
}

/** Mean and sample standard deviation. */
export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0, values };
}

function drawn({ scenario, differs, seeds, metrics, seconds }: Comparison): string {
  const settings = Object.entries(differs).map(([path, value]) => `${path}=${value}`);
  const title = [scenario, ...settings].join("  ");
  const table = new Table({
    head: ["", "mean ± sd", ...seeds.map((seed) => `seed ${seed}`)],
    style: { head: [], border: [] },
    colAligns: ["left", ...seeds.map(() => "right" as const), "right"],
  });
  for (const [name, spread] of Object.entries(metrics)) {
    table.push([name, inShort(spread), ...spread.values.map(number)]);
  }
  table.push(["wall time", duration(seconds.mean), ...seconds.values.map(duration)]);
  return `${title}\n${table}`;
}

/** A mean to the digits that its deviation leaves it. */
function inShort({ mean, deviation }: Spread): string {
  if (deviation === 0) return number(mean);
  const digits = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(deviation))));
  return `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
}

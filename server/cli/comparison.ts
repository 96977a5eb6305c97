/**
 * Groups of runs that differ in their seed alone, and what tells them apart.
 *
 * @module
 */
import { parse } from "yaml";
import {
  InputError,
  nameAmong,
  RUN_FILES,
  type RunReader,
  type RunResult,
  readableName,
} from "../../core/mod.ts";
import { differingPaths, type Options, optionsOf } from "../statistics/options.ts";
import { type PairedDifference, pairedDifference, type Spread, spread } from "../statistics/sample.ts";
import { isSweep } from "../sweep/kept.ts";

/** Runs that differ in their seed alone. */
export interface Comparison {
  readonly scenario: string;
  /** Options in which it differs from others of the same scenario. */
  readonly differs: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  readonly metrics: Readonly<Record<string, Spread>>;
  readonly seconds: Spread;
  /** Differences from other groups of the scenario, each pair once: this one minus the other, over the seeds of both. */
  readonly against: readonly {
    /** Its place in the list of groups, from 0. */
    readonly group: number;
    readonly metrics: Readonly<Record<string, PairedDifference>>;
  }[];
}

/** A run that has ended. */
export interface Ended {
  readonly reader: RunReader;
  readonly result: RunResult;
  readonly seed: number;
  /**
   * What decides the run's numbers beside its seed, by name: the scenario's options by path, and the commit of the code, where
   * it is known; one with changes that are not committed is another one.
   */
  readonly options: Options;
}

/** What a run came to; undefined where it has not come to an end of its own. */
export async function endedOf(reader: RunReader): Promise<Ended | undefined> {
  const result = await reader.result();
  if (result === undefined || (result.status !== "passed" && result.status !== "missed")) return undefined;
  if (await isSweep(reader)) return undefined;
  const scenario = parse(new TextDecoder().decode(await reader.read(RUN_FILES.scenario)));
  const commit = await commitOf(reader);
  const options = new Map([
    ...optionsOf(scenario),
    ...(commit === undefined ? [] : [["commit", commit] as const]),
  ]);
  return { reader, result, seed: Number(scenario.seed ?? 0), options };
}

/** Digits of a commit that are enough to know it by. */
const COMMIT_DIGITS = 12;

/** The commit that a run was made at, where that is known. */
async function commitOf(reader: RunReader): Promise<string | undefined> {
  try {
    const { git } = JSON.parse(new TextDecoder().decode(await reader.read(RUN_FILES.environment)));
    if (typeof git?.commit !== "string") return undefined;
    return `${git.commit.slice(0, COMMIT_DIGITS)}${git.dirty === true ? "+changes" : ""}`;
  } catch {
    return undefined; // without that file, or with one that is damaged, it is not known
  }
}

/** Runs that differ in their seed alone, of each seed one: the first, which is the newest of a folder. */
export function groupsOf(runs: readonly Ended[]): (readonly Ended[])[] {
  const groups = Map.groupBy(runs, ({ options }) => JSON.stringify([...options].sort()));
  const bySeed = [...groups.values()].map((group) =>
    group
      .filter(({ seed }, i) => group.findIndex((other) => other.seed === seed) === i)
      .toSorted((a, b) => a.seed - b.seed),
  );
  return [...Map.groupBy(bySeed, ([run]) => run!.result.scenario).values()].flat();
}

/** @param only metrics that are wanted @throws InputError where no run has one of them */
export function comparisonsOf(
  groups: readonly (readonly Ended[])[],
  only: readonly string[] | undefined,
): Comparison[] {
  const has = (group: readonly Ended[], name: string): boolean =>
    group.every(({ result }) => Object.hasOwn(result.metrics, name));
  const there = [...new Set(groups.flat().flatMap(({ result }) => Object.keys(result.metrics)))];
  const wanted = only?.map((name) => nameAmong(name, there) ?? name);
  const comparisons = groups.map((group, i): Comparison => {
    const { scenario, metrics } = group[0]!.result;
    const names = Object.keys(metrics).filter((name) => has(group, name) && (wanted?.includes(name) ?? true));
    const alike = groups.filter(([run]) => run!.result.scenario === scenario);
    return {
      scenario,
      differs: differences(group[0]!, alike),
      seeds: group.map(({ seed }) => seed),
      metrics: Object.fromEntries(
        names.map((name) => [name, spread(group.map(({ result }) => Number(result.metrics[name])))]),
      ),
      seconds: spread(group.map(({ result }) => result.seconds)),
      against: groups.flatMap((other, j) => {
        if (j <= i || other[0]!.result.scenario !== scenario) return [];
        const shared = names.filter((name) => has(other, name));
        const found = shared.map((name) => [name, pairedDifference(paired(group, other, name))] as const);
        return [{ group: j, metrics: Object.fromEntries(found) }];
      }),
    };
  });
  const absent = wanted?.find((name) => !comparisons.some(({ metrics }) => Object.hasOwn(metrics, name)));
  if (absent !== undefined) {
    throw new InputError(
      `--metric ${absent}: no run has it. There are: ${there.map(readableName).join(", ")}`,
    );
  }
  return comparisons;
}

/** A metric of one group minus that of another, seed by seed. */
function paired(one: readonly Ended[], other: readonly Ended[], name: string): number[] {
  return one.flatMap(({ seed, result }) => {
    const twin = other.find((run) => run.seed === seed);
    return twin === undefined ? [] : [Number(result.metrics[name]) - Number(twin.result.metrics[name])];
  });
}

/** Options that not all groups have alike. */
function differences({ options }: Ended, groups: readonly (readonly Ended[])[]): Record<string, unknown> {
  const paths = differingPaths(groups.map(([run]) => run!.options));
  return Object.fromEntries(
    paths.filter((path) => options.has(path)).map((path) => [path, options.get(path)]),
  );
}

/**
 * How a sweep came out, or how it stands: a row for each trial, differences with intervals, expectations.
 *
 * @module
 */
import { styleText } from "node:util";
import { jsonOf, type LoadedSweep, type RunReader, type RunResult, readableName } from "../../core/mod.ts";
import { duration, number } from "../report/format.ts";
import { caution, inWords, whole } from "../statistics/words.ts";
import type { SweepStory } from "../sweep/kept.ts";
import {
  differencesOf,
  inShort,
  shortNames,
  shownMetrics,
  type TrialOutcome,
  trialOutcomes,
  valueInShort,
} from "../sweep/outcome.ts";
import { sweepAgain } from "./again.ts";
import { tellFailure } from "./exit.ts";
import { table } from "./list.ts";
import { print } from "./output.ts";
import { closing } from "./summary.ts";
import { count, place } from "./words.ts";

/** A sweep, and what is known of it. */
export interface ToldSweep {
  readonly loaded: LoadedSweep;
  readonly reader: RunReader;
  readonly story: SweepStory;
  /** Absent while it goes on. */
  readonly result?: RunResult;
}

/** How it is told. */
export interface TellOptions {
  readonly runs: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** Path of the report. */
  readonly report?: string;
}

/** Prints how a sweep ended. @param file that of the sweep, for messages */
export function concludeSweep(
  sweep: ToldSweep & { readonly result: RunResult },
  file: string,
  options: TellOptions,
): void {
  const { result } = sweep;
  const report = options.report !== undefined && { report: options.report };
  if (result.error !== undefined) tellFailure(result.error, file);
  if (options.json) print(`${jsonOf({ type: "result", ...asJson(sweep), ...report })}\n`);
  else if (!options.quiet) {
    process.stdout.write(`\n${inTables(sweep)}\n`);
    if (report) process.stdout.write(`report   ${place(report.report)}\n`);
  }
  if (!options.json) {
    process.stdout.write(`${closing({ result, location: sweep.reader.location })}\n`);
    if (result.status === "cancelled" || result.status === "failed") {
      process.stdout.write(`go on with: ${sweepAgain("resume", result.run, options.runs)}\n`);
    }
  }
}

/** All that is known of a sweep, for programs. */
export function asJson({ loaded, reader, story, result }: ToldSweep): object {
  const trials = trialOutcomes(loaded, story.records);
  const open = story.records.filter(({ outcome }) => outcome === undefined).length;
  return {
    run: reader.id,
    ...(result && withoutRun(result)),
    location: reader.location,
    jobs: { put: story.records.length, over: story.records.length - open },
    trials,
    differences: differencesOf(loaded, trials),
  };
}

function withoutRun({ run, ...rest }: RunResult): object {
  return rest;
}

/** A row for each trial, and how far they differ. */
export function inTables({ loaded, story }: ToldSweep): string {
  const trials = trialOutcomes(loaded, story.records);
  if (trials.length === 0) return "no trial has begun";
  const found = differencesOf(loaded, trials);
  const lines = found.map(({ metric, one, other, found }) =>
    inWords({ metric, scenario: loaded.sweep.name, one: inShort(one), other: inShort(other), found }),
  );
  return [
    table(rowsOf(loaded, trials)),
    ...(lines.length > 0 ? ["", ...lines, ...caution(lines.length)] : []),
    "",
  ].join("\n");
}

function rowsOf(
  { sweep, goal, search }: LoadedSweep,
  trials: readonly TrialOutcome[],
): Record<string, string>[] {
  const names = shownMetrics(sweep.expect, goal, trials);
  const paths = Object.keys(trials[0]?.settings ?? {});
  const columns = shortNames(paths, ["state", "seeds", ...names]);
  return trials.map((trial) => ({
    ...Object.fromEntries(
      Object.entries(trial.settings).map(([path, value]) => [columns.get(path)!, valueInShort(value)]),
    ),
    state: stateOf(trial),
    seeds: `${trial.seeds.length}/${sweep.seeds.length}`,
    ...(search.rungs &&
      goal && { [`${readableName(goal.metric)} at rungs`]: trial.scores.map(number).join(" ") }),
    ...Object.fromEntries(
      names.map((name) => [
        readableName(name),
        trial.metrics[name] === undefined ? "" : whole(trial.metrics[name]),
      ]),
    ),
  }));
}

function stateOf({ state, failures }: TrialOutcome): string {
  if (failures.length === 0) return state === "failed" ? styleText("red", state) : state;
  return styleText("red", `${state}, ${count(failures.length, "run")} failed`);
}

/** How a sweep stands, in a line. */
export function standingOf(
  { story, result, reader }: ToldSweep,
  host: string | undefined,
  isShared: boolean,
): string {
  const { records, seconds } = story;
  const over = records.filter(({ outcome }) => outcome !== undefined).length;
  const jobs = `${over} of ${count(records.length, "job")} over`;
  const alone = isShared ? "no host: workers go on with what was put" : "abandoned: its host is gone";
  const how = host === undefined ? (result?.status ?? alone) : `running ${host}`;
  return `${reader.id}: ${how}, ${jobs}, ${duration(seconds)}`;
}

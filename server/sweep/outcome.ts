/**
 * What a sweep has come to: its trials with means and intervals over the seeds, how they differ, and whether it has met
 * what was expected of it.
 *
 * @module
 */
import { readingOf } from "../../core/run/reading.ts";
import type { RunFailure, RunResult } from "../../core/run/store.ts";
import { namesOf } from "../../core/scenario/path.ts";
import { judgeSweep } from "../../core/sweep/expectations.ts";
import type { JobRecord } from "../../core/sweep/jobs.ts";
import type { LoadedSweep } from "../../core/sweep/load.ts";
import { bestOf, type Goal, type Trial } from "../../core/sweep/search.ts";
import type { Settings } from "../../core/sweep/space.ts";
import { type TrialTerms, trialsOf } from "../../core/sweep/trials.ts";
import { type PairedDifference, pairedDifference, type Spread, spread } from "../statistics/sample.ts";

/** A trial, and what its runs came to. */
export interface TrialOutcome extends Pick<Trial, "id" | "settings" | "state" | "rung" | "scores"> {
  /** Seeds whose runs have ended. */
  readonly seeds: readonly number[];
  /** Metrics that all of those have, over those seeds. */
  readonly metrics: Readonly<Record<string, Spread>>;
  /** Why runs failed. */
  readonly failures: readonly string[];
}

/** How far two trials differ in a metric, over the seeds that both have: one minus the other. */
export interface TrialDifference {
  readonly metric: string;
  readonly one: Settings;
  readonly other: Settings;
  readonly found: PairedDifference;
}

/** Of more trials than this, differences are told of the best alone, or of none where the sweep has no goal. */
const FEW = 6;

/** What the trials of a sweep came to, in the order in which they began. */
export function trialOutcomes(terms: TrialTerms, records: readonly JobRecord[]): readonly TrialOutcome[] {
  return trialsOf(terms, records).map((trial) => {
    const { id, settings, state, rung, scores } = trial;
    const own = records.filter(({ job }) => job.trial === id);
    const ended = own
      .flatMap(({ job: { seed }, outcome }) =>
        outcome?.kind === "ended" ? [{ seed, metrics: outcome.metrics }] : [],
      )
      .toSorted((a, b) => a.seed - b.seed);
    const names = Object.keys(ended[0]?.metrics ?? {}).filter((name) =>
      ended.every(({ metrics }) => Object.hasOwn(metrics, name)),
    );
    return {
      ...{ id, settings, state, rung, scores },
      seeds: ended.map(({ seed }) => seed),
      metrics: Object.fromEntries(
        names.map((name) => [name, spread(ended.map(({ metrics }) => Number(metrics[name])))]),
      ),
      failures: own.flatMap(({ outcome }) => (outcome?.kind === "failed" ? [outcome.message] : [])),
    };
  });
}

/** How far trials differ in what the sweep asks for: its goal, or else the metrics that it has expectations of. */
export function differencesOf(
  { sweep, goal }: LoadedSweep,
  trials: readonly TrialOutcome[],
): readonly TrialDifference[] {
  const metrics = goal === undefined ? Object.keys(sweep.expect) : [goal.metric];
  const best = goal && bestOf(trials, goal)?.id;
  const pairs = trials.flatMap((one, i) => trials.slice(i + 1).map((other) => [one, other] as const));
  const told = pairs.filter(([one, other]) => trials.length <= FEW || one.id === best || other.id === best);
  return told.flatMap(([one, other]) =>
    metrics.flatMap((metric) => {
      const differences = one.seeds.flatMap((seed, i) => {
        const j = other.seeds.indexOf(seed);
        const [a, b] = [one.metrics[metric]?.values[i], other.metrics[metric]?.values[j]];
        return a === undefined || b === undefined ? [] : [a - b];
      });
      if (differences.length === 0) return [];
      return [{ metric, one: one.settings, other: other.settings, found: pairedDifference(differences) }];
    }),
  );
}

/** How a sweep ended, beside what its records say. */
export interface SweepEnd {
  readonly run: string;
  readonly over: "done" | "failures" | "cancelled";
  readonly seconds: number;
  /** Why it failed, where the records do not tell. */
  readonly error?: RunFailure;
}

/**
 * The result of a sweep. Its metrics are the means of its best trial; none without a goal. Its expectations are those of
 * the sweep file, `mean coverage` and so on, with the trial's settings where there is no best one.
 */
export function resultOf(
  loaded: LoadedSweep,
  records: readonly JobRecord[],
  { run, over, seconds, error }: SweepEnd,
): RunResult {
  const { sweep, goal } = loaded;
  const trials = trialOutcomes(loaded, records);
  const best = goal && bestOf(trials, goal);
  const ofBest = trials.find(({ id }) => id === best?.id)?.metrics ?? {};
  const failure = error ?? (over === "cancelled" ? undefined : failureOf(loaded, over, trials));
  const isWhole = failure === undefined && over === "done";
  const expectations = isWhole
    ? judgeSweep(loaded, records, trials).map(({ over: part, trial, metric, ...rest }) => {
        const settings = trials.find(({ id }) => id === trial)?.settings;
        const of = goal === undefined && settings !== undefined ? ` of ${inShort(settings)}` : "";
        return { metric: `${part} ${metric}${of}`, ...rest };
      })
    : [];
  const status = failure ? "failed" : over === "cancelled" ? "cancelled" : statusOf(expectations);
  return {
    ...{ run, scenario: sweep.name, status, expectations, seconds },
    metrics: Object.fromEntries(Object.entries(ofBest).map(([name, { mean }]) => [name, readingOf(mean)])),
    ...(failure && { error: failure }),
  };
}

function statusOf(expectations: RunResult["expectations"]): "passed" | "missed" {
  return expectations.every(({ met }) => met) ? "passed" : "missed";
}

/** Why a sweep has failed that nobody stopped: too many runs have, or no trial has come to its end. */
function failureOf(
  { sweep }: LoadedSweep,
  over: "done" | "failures",
  trials: readonly TrialOutcome[],
): RunFailure | undefined {
  const failures = trials.flatMap((trial) => trial.failures);
  const last = failures.at(-1);
  const why = last === undefined ? "" : `. The last one: ${last}`;
  if (over === "failures") {
    const limit = sweep.limits.failures;
    return { kind: "run", message: `${failures.length} runs failed, ${limit} may${why}` };
  }
  if (trials.some(({ state }) => state === "ended")) return undefined;
  return { kind: "run", message: `no trial has come to its end${why}` };
}

/** Settings as text: the end of each path that tells it from the others, and its value. */
export function inShort(settings: Settings): string {
  const names = shortNames(Object.keys(settings));
  return Object.entries(settings)
    .map(([path, value]) => `${names.get(path)}=${valueInShort(value)}`)
    .join(" ");
}

/**
 * For each path its last names, as many as tell it from the other paths.
 * @param taken names that mean something else
 */
export function shortNames(
  paths: readonly string[],
  taken: readonly string[] = [],
): ReadonlyMap<string, string> {
  return new Map(
    paths.map((path) => {
      const parts = namesOf(path);
      const ends = parts.map((_part, i) => parts.slice(parts.length - 1 - i).join("."));
      const isOwn = (end: string): boolean =>
        !taken.includes(end) && !paths.some((other) => other !== path && `.${other}`.endsWith(`.${end}`));
      return [path, ends.find(isOwn) ?? path];
    }),
  );
}

/** A value as a sweep file writes it, without blanks. */
export function valueInShort(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Metrics that somebody asks for; all where nobody does. */
export function shownMetrics(
  expect: Readonly<Record<string, unknown>>,
  goal: Goal | undefined,
  trials: readonly TrialOutcome[],
): readonly string[] {
  const asked = [...new Set([...(goal ? [goal.metric] : []), ...Object.keys(expect)])];
  return asked.length > 0 ? asked : [...new Set(trials.flatMap(({ metrics }) => Object.keys(metrics)))];
}

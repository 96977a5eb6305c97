/**
 * The controller of a sweep: a function from what has become of its jobs to what is to be done next. It remembers
 * nothing, so a controller that crashed is replaced by another that reads the same records.
 *
 * @module
 */
import { InputError, RunError } from "../plugin/errors.ts";
import { meant } from "../plugin/suggest.ts";
import { Key } from "../tensor/key.ts";
import { runIdOf } from "./ids.ts";
import type { JobRecord, SweepJob } from "./jobs.ts";
import type { LoadedSweep } from "./load.ts";
import type { Goal, Move, Trial, TrialState } from "./search.ts";
import { allows, canonical } from "./space.ts";
import type { Sweep } from "./sweep.ts";

/** What is to be done now. */
export interface Decision {
  /** To be put, in this order: putting a job again that is there changes nothing. */
  readonly put: readonly SweepJob[];
  /** Ids of jobs to cancel. */
  readonly cancel: readonly string[];
  /** All trials so far, with those that begin now. */
  readonly trials: readonly Trial[];
  /** The sweep is over once nothing runs any more: the search is done, too much has failed, or it was cancelled. */
  readonly over?: "done" | "failures" | "cancelled";
}

/** What decides beside the records. */
export interface DecisionOptions {
  /** Jobs that may be under way at once; the sweep's own limit holds as well. */
  readonly room?: number;
  /** Somebody asked for the sweep to end. */
  readonly cancelled?: boolean;
}

/** A trial with what the records say of it. */
interface Standing extends Trial {
  readonly number: number;
  /** Seeds that have no job at its rung yet, although the trial is to run there. */
  readonly missing: readonly number[];
}

/**
 * Decides what is to be done next. Call it when a job was put or has come to its end, and whenever a controller starts.
 * Where it crashed between two of the jobs to put, the next decision has the rest.
 * @param records every job that was put, in whatever order
 * @throws InputError where a run has come to its rung or its end without a measurement of the goal; RunError where the
 *   search does what no search may
 */
export async function decide(
  loaded: LoadedSweep,
  records: readonly JobRecord[],
  { room = Number.POSITIVE_INFINITY, cancelled = false }: DecisionOptions = {},
): Promise<Decision> {
  const { sweep, space, goal, search } = loaded;
  const { limits, seeds } = sweep;
  const open = records.filter(({ outcome }) => outcome === undefined).map(({ job }) => job.id);
  const failures = records.filter(({ outcome }) => outcome?.kind === "failed").length;
  requireGoal(loaded, records);
  const trials = standings(loaded, records);
  const ending = cancelled ? "cancelled" : failures > limits.failures ? "failures" : undefined;
  if (ending !== undefined) {
    return { put: [], cancel: open, trials: trials.map(plain), ...(open.length === 0 && { over: ending }) };
  }

  const put: SweepJob[] = [];
  const cancel: string[] = [];
  const places = Math.min(room, limits.atOnce ?? Number.POSITIVE_INFINITY) - open.length;
  const fill = (trial: Standing): void => {
    for (const seed of trial.missing) if (put.length < places) put.push(jobOf(loaded, trial, seed));
  };
  for (const trial of trials) fill(trial);
  const key = Key.from(search.seed ?? 0).fold("search");
  let idle = false;
  while (put.length < places) {
    const move = await search.next({ space, goal, trials: trials.map(plain) }, key);
    if (move === undefined) {
      idle = true;
      break;
    }
    const [i, trial] = moved(loaded, trials, move);
    trials[i] = trial;
    if ("stop" in move) cancel.push(...openJobsOf(move.stop, records));
    else fill(trial);
  }
  const isOver = idle && put.length === 0 && open.length === 0;
  return { put, cancel, trials: trials.map(plain), ...(isOver && { over: "done" }) };

  function moved(loaded: LoadedSweep, trials: readonly Standing[], move: Move): readonly [number, Standing] {
    const wrong = (why: string): never => {
      throw new RunError(`search "${search.name}" ${why}`);
    };
    if ("start" in move) {
      const { start: settings } = move;
      const told = JSON.stringify(settings);
      if (!allows(space, settings)) wrong(`tries ${told}, which the sweep does not allow`);
      if (trials.some((trial) => canonical(trial.settings) === canonical(settings))) {
        wrong(`tries ${told} a second time`);
      }
      const number = 1 + Math.max(-1, ...trials.map((trial) => trial.number));
      const id = loaded.trialIdOf(settings);
      const rung = 0;
      return [
        trials.length,
        { ...{ id, number, settings, rung, scores: [] }, state: "running", missing: seeds },
      ];
    }
    const id = "promote" in move ? move.promote : move.stop;
    const i = trials.findIndex((trial) => trial.id === id);
    const trial = trials[i] ?? wrong(`decides on trial ${id}, which there is not`);
    if ("stop" in move) {
      if (trial.state !== "running" && trial.state !== "paused")
        wrong(`stops trial ${id}, which has ${trial.state}`);
      return [i, { ...trial, state: "stopped", missing: [] }];
    }
    if (trial.state !== "paused") wrong(`promotes trial ${id}, which is ${trial.state}, not paused`);
    return [i, { ...trial, state: "running", rung: trial.rung + 1, missing: seeds }];
  }
}

/** @throws InputError where the metric that is the goal was not measured */
function requireGoal({ goal, problemAt }: LoadedSweep, records: readonly JobRecord[]): void {
  if (goal === undefined) return;
  for (const { job, outcome } of records) {
    if (outcome === undefined || !("metrics" in outcome) || Object.hasOwn(outcome.metrics, goal.metric))
      continue;
    const names = Object.keys(outcome.metrics);
    const hint = meant(goal.metric, names);
    const at =
      outcome.kind === "ended" ? "" : ` at step ${job.until}: does the application measure on the way?`;
    const message = `run ${job.run} has no metric "${goal.metric}"${hint}${at} It has ${names.join(", ") || "none"}`;
    throw new InputError([problemAt(["goal"], message)]);
  }
}

function openJobsOf(trial: string, records: readonly JobRecord[]): string[] {
  return records
    .filter(({ job, outcome }) => job.trial === trial && outcome === undefined)
    .map(({ job }) => job.id);
}

function plain({ id, settings, state, rung, scores }: Standing): Trial {
  return { id, settings, state, rung, scores };
}

function jobOf({ sweep, search, overridesOf }: LoadedSweep, trial: Standing, seed: number): SweepJob {
  const { id, number, settings, rung } = trial;
  const run = runIdOf(id, seed);
  const until = search.rungs?.[rung];
  return {
    id: until === undefined ? run : `${run}-rung${rung}`,
    ...{ run, trial: id, number, settings, seed, rung },
    ...(until !== undefined && { until }),
    overrides: overridesOf(settings, seed),
    retries: sweep.limits.retries,
  };
}

/** What of a sweep decides how its trials stand. */
export interface TrialTerms {
  readonly sweep: Pick<Sweep, "seeds">;
  readonly goal: Goal | undefined;
}

/** How the trials of a sweep stand, in the order in which they began. */
export function trialsOf(terms: TrialTerms, records: readonly JobRecord[]): readonly Trial[] {
  return standings(terms, records).map(plain);
}

function standings({ sweep: { seeds }, goal }: TrialTerms, records: readonly JobRecord[]): Standing[] {
  const groups = Map.groupBy(records, ({ job }) => job.trial);
  return [...groups.values()]
    .map((group): Standing => {
      const { trial: id, number, settings } = group[0]!.job;
      const rung = Math.max(...group.map(({ job }) => job.rung));
      const ofRung = (r: number): readonly JobRecord[] => group.filter(({ job }) => job.rung === r);
      // A run that ended before its rung has no job at the next.
      const ended = new Set(
        group.filter(({ outcome }) => outcome?.kind === "ended").map(({ job }) => job.seed),
      );
      const has = new Set(ofRung(rung).map(({ job }) => job.seed));
      const absent = seeds.filter((seed) => !has.has(seed) && !ended.has(seed));
      const state = stateOf(group, absent.length > 0);
      const scores = goal === undefined ? [] : scoresOf(group, seeds, goal.metric);
      return { ...{ id, number, settings, rung, state, scores }, missing: state === "running" ? absent : [] };
    })
    .toSorted((a, b) => a.number - b.number);
}

function stateOf(group: readonly JobRecord[], isMissing: boolean): TrialState {
  const kinds = group.map(({ outcome }) => outcome?.kind);
  if (kinds.includes(undefined)) return "running";
  if (kinds.includes("cancelled")) return "stopped";
  if (isMissing) return "running"; // also where another seed has failed: what the rest come to is worth knowing
  if (kinds.includes("failed")) return "failed";
  const last = newest(group);
  return last.some((kind) => kind === "paused") ? "paused" : "ended";
}

/** What became of the newest job of each run. */
function newest(group: readonly JobRecord[]): readonly (string | undefined)[] {
  const runs = Map.groupBy(group, ({ job }) => job.seed);
  return [...runs.values()].map((jobs) => jobs.toSorted((a, b) => b.job.rung - a.job.rung)[0]!.outcome?.kind);
}

/** The mean over all seeds at each rung that all have reached; a run that ended before has its last value. */
function scoresOf(group: readonly JobRecord[], seeds: readonly number[], metric: string): number[] {
  const scores: number[] = [];
  const top = Math.max(...group.map(({ job }) => job.rung));
  for (let rung = 0; rung <= top; rung++) {
    const values = seeds.map((seed) => valueAt(group, seed, rung, metric));
    if (values.some((value) => value === undefined)) break;
    scores.push(values.reduce<number>((sum, value) => sum + value!, 0) / values.length);
  }
  return scores;
}

function valueAt(
  group: readonly JobRecord[],
  seed: number,
  rung: number,
  metric: string,
): number | undefined {
  const own = group.filter(({ job }) => job.seed === seed && job.rung <= rung);
  const at = own.find(({ job }) => job.rung === rung) ?? own.find(({ outcome }) => outcome?.kind === "ended");
  const outcome = at?.outcome;
  return outcome !== undefined && "metrics" in outcome ? outcome.metrics[metric] : undefined;
}

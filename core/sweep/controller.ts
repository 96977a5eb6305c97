/**
 * The controller of a sweep: a function from what has become of its jobs to what is to be done next. It remembers
 * nothing, so a controller that crashed is replaced by another that reads the same records.
 *
 * @module
 */
import { InputError, RunError } from "../plugin/errors.ts";
import { meant } from "../plugin/suggest.ts";
import { valueNamed } from "../run/metric-name.ts";
import { Key } from "../tensor/key.ts";
import { runIdOf } from "./ids.ts";
import type { JobRecord, SweepJob } from "./jobs.ts";
import type { LoadedSweep } from "./load.ts";
import type { Move, Trial } from "./search.ts";
import { allows, canonical } from "./space.ts";
import { plain, type Standing, standings } from "./trials.ts";

/** What is to be done now. */
export interface Decision {
  /** To be put, in this order: putting a job again that is there changes nothing. */
  readonly put: readonly SweepJob[];
  /** Ids of jobs to stop: the search has given their trials up. */
  readonly stop: readonly string[];
  /** Ids of jobs to cancel: the sweep ends without them. */
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
    return {
      put: [],
      stop: [],
      cancel: open,
      trials: trials.map(plain),
      ...(open.length === 0 && { over: ending }),
    };
  }

  const put: SweepJob[] = [];
  const stop: string[] = [];
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
    if ("stop" in move) stop.push(...openJobsOf(move.stop, records));
    else fill(trial);
  }
  const isOver = idle && put.length === 0 && open.length === 0;
  return { put, stop, cancel: [], trials: trials.map(plain), ...(isOver && { over: "done" }) };

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
    if (
      outcome === undefined ||
      !("metrics" in outcome) ||
      valueNamed(outcome.metrics, goal.metric) !== undefined
    )
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

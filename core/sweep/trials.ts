/**
 * How the trials of a sweep stand, by what has become of its jobs.
 *
 * @module
 */
import { valueNamed } from "../run/metric-name.ts";
import { numbersOf } from "../run/reading.ts";
import type { JobRecord } from "./jobs.ts";
import type { Goal, Trial, TrialState } from "./search.ts";
import type { Sweep } from "./sweep.ts";

/** A trial with what the records say of it. */
export interface Standing extends Trial {
  readonly number: number;
  /** Seeds that have no job at its rung yet, although the trial is to run there. */
  readonly missing: readonly number[];
}

/** A trial as others see it. */
export function plain({ id, settings, state, rung, scores }: Standing): Trial {
  return { id, settings, state, rung, scores };
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

/** The same, with the seeds that each trial lacks. */
export function standings({ sweep: { seeds }, goal }: TrialTerms, records: readonly JobRecord[]): Standing[] {
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
  if (kinds.includes("stopped") || kinds.includes("cancelled")) return "stopped";
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
  return outcome !== undefined && "metrics" in outcome
    ? valueNamed(numbersOf(outcome.metrics), metric)
    : undefined;
}

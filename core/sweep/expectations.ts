/**
 * What a sweep expects of its trials.
 *
 * @module
 */
import { numbersOf } from "../run/event.ts";
import { type ExpectationResult, judgeExpectations } from "../run/expectation.ts";
import { valueNamed } from "../run/metric-name.ts";
import type { JobRecord } from "./jobs.ts";
import type { LoadedSweep } from "./load.ts";
import { bestOf, type Trial } from "./search.ts";

/** An expectation of a sweep compared with what was measured. */
export interface SweepExpectationResult extends ExpectationResult {
  /** Which of the seeds' values is meant. */
  readonly over: "mean" | "worst" | "best";
  /** The trial that was judged; absent where there is none to judge. */
  readonly trial?: string;
}

/**
 * Holds a sweep's expectations against its best trial, or against every trial where there is no goal. `worst` is met
 * where every seed meets the bounds, `best` where at least one does. A trial of which a run failed, and a metric that was
 * not measured, are an expectation missed.
 */
export function judgeSweep(
  loaded: LoadedSweep,
  records: readonly JobRecord[],
  trials: readonly Trial[],
): SweepExpectationResult[] {
  const { sweep, goal } = loaded;
  const best = goal && bestOf(trials, goal);
  const judged: readonly (Trial | undefined)[] = goal === undefined && trials.length > 0 ? trials : [best];
  return judged.flatMap((trial) => {
    const metrics = trial === undefined ? [] : finalMetrics(trial, records, sweep.seeds);
    return Object.entries(sweep.expect).flatMap(([metric, parts]) =>
      (["mean", "worst", "best"] as const).flatMap((over) => {
        const bounds = parts[over];
        if (bounds === undefined) return [];
        const judge = (values: Readonly<Record<string, number>>): ExpectationResult =>
          judgeExpectations({ [metric]: bounds }, values)[0]!;
        const values = metrics.map((one) => valueNamed(one, metric));
        const whole = values.every((value) => value !== undefined) && values.length === sweep.seeds.length;
        const name = { over, ...(trial && { trial: trial.id }) };
        if (!whole) return { ...judge(metrics[values.indexOf(undefined)] ?? {}), ...name };
        if (over === "mean") {
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          return { ...judge({ [metric]: mean }), ...name };
        }
        const results = values.map((value) => judge({ [metric]: value }));
        const telling = results.find(({ met }) => met === (over === "best")) ?? results[0]!;
        return { ...telling, ...name };
      }),
    );
  });
}

/** What each run of a trial came to, in the order of the seeds; without those that have not ended. */
export function finalMetrics(
  trial: Trial,
  records: readonly JobRecord[],
  seeds: readonly number[],
): readonly Readonly<Record<string, number>>[] {
  return seeds.flatMap((seed) =>
    records.flatMap(({ job, outcome }) =>
      job.trial === trial.id && job.seed === seed && outcome?.kind === "ended"
        ? [numbersOf(outcome.metrics)]
        : [],
    ),
  );
}

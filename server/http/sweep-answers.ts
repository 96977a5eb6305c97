/**
 * What the server answers about sweeps, workers and curves over seeds.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { expectationResult, reading } from "./answers.ts";
import { STATUSES } from "./requests.ts";

const settings = z
  .record(z.string(), z.unknown())
  .describe("What the trial changes in the scenario, by path.");
const count = z.int().min(0);

/** A metric over the seeds of a trial. */
const spread = z.object({
  mean: reading,
  deviation: reading.describe("Sample standard deviation; 0 for one value."),
  interval: z
    .array(reading)
    .length(2)
    .readonly()
    .optional()
    .describe("The 95 % interval of the mean; absent for one value."),
  values: z.array(reading).readonly().describe("In the order of `seeds`."),
});

const goal = z.object({ metric: z.string(), direction: z.enum(["maximize", "minimize"]) });

const sweepItem = z.object({
  sweep: z.string(),
  name: z.string(),
  description: z.string().optional(),
  scenario: z.string().describe("What it runs."),
  status: z.enum(STATUSES).describe("As that of a run: `running` while a process hosts it."),
  began: z.iso.datetime(),
  seconds: z.number().describe("Wall time in which it had a host."),
  search: z.string().describe("What chooses the settings."),
  goal: goal.optional().describe("What the best trial has most or least of."),
  seeds: z.array(z.int()).readonly(),
  jobs: z.object({
    put: count,
    over: count,
    failed: count,
    total: count.optional().describe("How many there will be, where that is known."),
  }),
  trials: count.describe("Trials that have begun."),
  best: z
    .object({ trial: z.string(), settings, score: reading })
    .optional()
    .describe("The best of the trials that have ended."),
});

/** Answer of `GET /api/sweeps`. */
export const sweepsAnswer = z
  .object({ sweeps: z.array(sweepItem.openapi("SweepItem")).readonly().describe("Newest first.") })
  .openapi("Sweeps");

/** Answer of `GET /api/sweeps/:id`. */
export const sweepSummary = sweepItem
  .extend({
    events: count.describe("Number of its last event."),
    vary: z
      .record(z.string(), z.unknown())
      .describe("What differs from trial to trial, as the file says it."),
    rungs: z.array(z.int()).readonly().describe("Steps at which trials pause."),
    host: z
      .object({ host: z.string(), pid: z.int() })
      .optional()
      .describe("The process that decides what comes next, while there is one."),
    metrics: z.record(z.string(), reading).describe("Means of the best trial, once the sweep is over."),
    expectations: z.array(expectationResult).readonly(),
    error: z.string().optional().describe("Why it failed."),
  })
  .openapi("Sweep");

/** Answer of `GET /api/sweeps/:id/trials`. */
export const trialsAnswer = z
  .object({
    paths: z.array(z.string()).readonly().describe("The settings that vary, by path."),
    names: z.record(z.string(), z.string()).describe("For each path, as much of its end as tells it apart."),
    metrics: z.array(z.string()).readonly().describe("All that some trial has, the goal first."),
    trials: z
      .array(
        z.object({
          trial: z.string(),
          settings,
          state: z.enum(["running", "paused", "ended", "failed", "stopped"]),
          rung: count,
          scores: z
            .array(reading)
            .readonly()
            .describe("The goal at each rung and at the end: means over the seeds."),
          seeds: z.array(z.int()).readonly().describe("Those whose runs have ended."),
          metrics: z.record(z.string(), spread).describe("Over those seeds."),
          failures: z.array(z.string()).readonly(),
          runs: z
            .array(
              z.object({
                run: z.string(),
                seed: z.int(),
                state: z.enum(["waiting", "running", "paused", "ended", "failed", "stopped", "cancelled"]),
                share: z.number().optional().describe("How far its stage is, from 0 to 1, while it runs."),
              }),
            )
            .readonly(),
        }),
      )
      .readonly()
      .describe("In the order in which they began."),
  })
  .openapi("Trials");

/** Answer of `POST /api/sweeps/:id/cancel`. */
export const sweepCancelAnswer = z.object({ sweep: z.string(), cancelling: z.literal(true) });

/** Answer of `GET /api/workers`. */
export const workersAnswer = z
  .object({
    workers: z
      .array(
        z.object({
          id: z.string(),
          host: z.string(),
          pid: z.int().optional().describe("Absent where all that is known are the processes of its runs."),
          slots: z.int().optional().describe("Runs that it makes at once; absent where that is not known."),
          isServer: z
            .boolean()
            .optional()
            .describe("Whether it is the server itself, which makes the runs that are started on its page."),
          since: z.iso.datetime(),
          engine: z.string().optional(),
          processor: z.string().optional(),
          threads: z.int().optional().describe("That a run may use."),
          versions: z.record(z.string(), z.string()).optional(),
          runs: z
            .array(
              z.object({
                run: z.string(),
                scenario: z.string(),
                share: z.number().optional().describe("How far its stage is, from 0 to 1."),
                rate: z.number().optional().describe("Steps a second."),
              }),
            )
            .readonly(),
        }),
      )
      .readonly()
      .describe("Those that take jobs from the host's queue, and the machines on which other runs are made."),
  })
  .openapi("Workers");

/** Answer of `GET /api/curves`. */
export const curvesAnswer = z
  .object({
    curves: z
      .array(
        z.object({
          stage: z.string(),
          metric: z.string(),
          x: z.array(z.number()).readonly().describe("Steps."),
          mean: z.array(z.number()).readonly(),
          deviation: z.array(z.number()).readonly().describe("Sample standard deviation; 0 for one run."),
          n: z.array(z.int()).readonly().describe("Runs that have come so far."),
        }),
      )
      .readonly(),
  })
  .openapi("Curves");

export type SweepItem = z.infer<typeof sweepItem>;
export type SweepSummary = z.infer<typeof sweepSummary>;
export type TrialsAnswer = z.infer<typeof trialsAnswer>;
export type WorkersAnswer = z.infer<typeof workersAnswer>;
export type CurvesAnswer = z.infer<typeof curvesAnswer>;

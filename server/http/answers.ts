/**
 * What the server answers, as JSON. Each schema describes an answer in `/openapi.json` and gives its type.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { RunEvent } from "../../core/run/event.ts";
import { artifactRecord, stageRecord } from "../events/records.ts";
import { STATUSES } from "./requests.ts";

/** A number, or the name of one that JSON has no number for. */
export const reading = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])]);
const metrics = z.record(z.string(), reading);

export const expectationResult = z.object({
  metric: z.string(),
  expected: z.string(),
  value: reading.optional(),
  met: z.boolean(),
});

/** Answer of `GET /api/runs/:id/result`: the file `result.json`. */
export const runResult = z
  .object({
    run: z.string(),
    scenario: z.string(),
    status: z.enum(["passed", "missed", "failed", "cancelled", "paused"]),
    metrics,
    expectations: z.array(expectationResult).readonly(),
    seconds: z.number(),
    error: z
      .object({
        kind: z.enum(["input", "run"]),
        message: z.string(),
        problems: z
          .array(z.object({ path: z.string(), message: z.string(), line: z.int().optional() }))
          .readonly()
          .optional()
          .describe("The message with its place in the scenario, a problem each."),
        stack: z.string().optional().describe("Where it was thrown."),
      })
      .optional(),
  })
  .openapi("RunResult");

/** The members that a run has in the list and in its summary. */
const runItem = z.object({
  run: z.string(),
  scenario: z.string(),
  status: z
    .enum(STATUSES)
    .describe("How it ended; `abandoned` where it has not ended and no process writes it any more."),
  tags: z.array(z.string()).readonly().describe("Tags of the scenario."),
  began: z.iso.datetime(),
  seconds: z.number().optional().describe("Wall time, once it has ended."),
});

/** Answer of `GET /api/runs`. */
export const runsPage = z
  .object({
    runs: z.array(runItem.openapi("RunItem")).readonly().describe("Newest first."),
    next: z.string().nullable().describe("The `cursor` of the next page; null after the last."),
  })
  .openapi("RunsPage");

/** Answer of `GET /api/runs/:id`. */
export const runSummary = runItem
  .extend({
    events: z.int().min(0).describe("Number of the last event: the rest is as of that event."),
    description: z.string().optional().describe("What the scenario says it shows."),
    application: z.string().optional(),
    seed: z.int().optional(),
    engine: z
      .object({ name: z.string(), version: z.string(), device: z.string(), reason: z.string() })
      .optional(),
    stages: z.array(stageRecord).readonly(),
    rate: z.number().optional().openapi({ description: "Steps a second of the current stage." }),
    left: z
      .number()
      .optional()
      .openapi({ description: "Seconds that the current stage still takes at that rate." }),
    metrics,
    expectations: z.array(expectationResult).readonly(),
    expected: z
      .array(z.object({ metric: z.string(), expected: z.string() }))
      .readonly()
      .describe("Expectations of the scenario that are not judged yet."),
    warnings: z.array(z.string()).readonly(),
    series: z
      .array(z.object({ stage: z.string(), metric: z.string(), count: z.int() }))
      .readonly()
      .describe("What `/series` has, and how many points."),
    error: z.string().optional().describe("Why it failed."),
    result: runResult.optional(),
  })
  .openapi("RunSummary");

/** An event: the server passes on what the run wrote. The envelope is checked, and the core has the types. */
const runEvent = z
  .looseObject({ seq: z.int().min(1), time: z.iso.datetime(), type: z.string() })
  .openapi("RunEvent", {
    description: "What happened in a run. The other members depend on the type.",
  }) as unknown as z.ZodType<RunEvent>;

/** Answer of `GET /api/runs/:id/events`. */
export const eventsPage = z
  .object({
    events: z.array(runEvent).readonly(),
    next: z.int().describe("The `since` of the next page."),
    done: z.boolean().describe("Whether the run is over and this is the last page."),
  })
  .openapi("EventsPage");

/** Answer of `GET /api/runs/:id/series`. */
export const seriesAnswer = z
  .object({
    last: z.int().describe("Number of the last event that the series include."),
    clocks: z
      .array(
        z.object({
          stage: z.string(),
          x: z.array(z.number()).readonly().describe("Some of its steps."),
          seconds: z
            .array(z.number())
            .readonly()
            .describe("When each was reached, from the run's first event."),
        }),
      )
      .readonly(),
    series: z
      .array(
        z.object({
          stage: z.string(),
          metric: z.string(),
          count: z.int().describe("How many points there are; `x` and `y` may have fewer."),
          x: z.array(z.number()).readonly().describe("Steps."),
          y: z.array(z.number().nullable()).readonly().describe("Values; null where one is not finite."),
        }),
      )
      .readonly(),
  })
  .openapi("Series");

/** Answer of `GET /api/runs/:id/artifacts`. */
export const artifactsAnswer = z
  .object({ artifacts: z.array(artifactRecord).readonly().describe("Each once, the latest last.") })
  .openapi("Artifacts");

/** A run that was ordered: answer of the requests that start, resume, look up and cancel orders. */
export const job = z
  .object({
    ticket: z.string(),
    state: z.enum(["queued", "running", "ended", "failed"]).describe("`failed`: the run could not begin."),
    title: z.string().describe("Name of the scenario, or id of the run that is resumed."),
    ahead: z.int().min(0).describe("Orders that wait before it."),
    run: z.string().optional().describe("Id of the run, once it has one."),
    error: z.string().optional().describe("Why it failed."),
  })
  .openapi("Job");

/** Answer of `GET /api/queue`. */
export const queueAnswer = z.object({ jobs: z.array(job).readonly() }).openapi("Queue");

/** Answer of `POST /api/runs/:id/cancel`. */
export const cancelAnswer = z.object({ run: z.string(), cancelling: z.literal(true) });

/** Answer of `GET /api/scenarios`. */
export const scenariosAnswer = z.object({
  scenarios: z.array(z.object({ name: z.string(), description: z.string() })).readonly(),
  canStart: z.boolean().describe("Whether this host can start runs."),
});

/** Answer to a request that failed: problem details, RFC 9457. */
export const problemDetails = z
  .object({
    type: z.string().describe("Kind of the problem; `about:blank` where the status says it all."),
    title: z.string().describe("The status in words."),
    status: z.int(),
    detail: z.string().describe("What failed, the value at fault, and what to do."),
    problems: z
      .array(z.object({ path: z.string(), message: z.string(), line: z.int().optional() }))
      .readonly()
      .optional()
      .describe("Everything that is wrong with a scenario."),
  })
  .openapi("Problem", { description: "Problem details, RFC 9457." });

export type RunItem = z.infer<typeof runItem>;
export type RunsPage = z.infer<typeof runsPage>;
export type RunSummary = z.infer<typeof runSummary>;
export type EventsPage = z.infer<typeof eventsPage>;
export type SeriesAnswer = z.infer<typeof seriesAnswer>;
export type Series = SeriesAnswer["series"][number];
export type ArtifactsAnswer = z.infer<typeof artifactsAnswer>;
export type Job = Readonly<z.infer<typeof job>>;
export type QueueAnswer = z.infer<typeof queueAnswer>;
export type CancelAnswer = z.infer<typeof cancelAnswer>;
export type ScenariosAnswer = z.infer<typeof scenariosAnswer>;
export type ProblemDetails = Readonly<z.infer<typeof problemDetails>>;

/**
 * What the HTTP API takes and gives: the schemas from which requests are checked and `/openapi.json` is made, and the
 * types of a typed client.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Hono } from "hono";
import { hc } from "hono/client";
import type { Env } from "hono/types";
import type {
  EngineInfo,
  ExpectationResult,
  Numbers,
  RunEvent,
  RunResult,
  RunStanding,
} from "../../core/mod.ts";
import type { ArtifactRecord, StageRecord } from "./digest.ts";
import type { Job } from "./runner.ts";

/** Longest time a poll may wait, in seconds. */
export const LONGEST_WAIT = 60;
/** Events in a page, unless asked for otherwise, and at most. */
export const PAGE = { usual: 1000, most: 10_000 } as const;
/** Runs in a page of the list. */
export const LIST = { usual: 50, most: 1000 } as const;
/** Points of a series. */
export const POINTS = { usual: 1000, fewest: 4, most: 20_000 } as const;
/** Numbers of events. */
const ANY_EVENT = [0, Number.MAX_SAFE_INTEGER] as const;
/** Series in one answer. */
const MOST_SERIES = 100;

/** A run in the list. */
export interface RunItem {
  readonly run: string;
  readonly scenario: string;
  /** How it ended; `running` while a process writes it, `abandoned` where none does and it has not ended. */
  readonly status: RunStanding;
  readonly tags: readonly string[];
  /** ISO 8601, UTC. */
  readonly began: string;
  /** Wall time, once it has ended. */
  readonly seconds?: number;
}

/** Answer of `GET /api/runs`. */
export interface RunsPage {
  /** Newest first. */
  readonly runs: readonly RunItem[];
  /** Gives the next page as `?cursor=`; null after the last. */
  readonly next: string | null;
}

/** Answer of `GET /api/runs/:id`. */
export interface RunSummary extends RunItem {
  /** Number of the last event: what is below is as of then. */
  readonly events: number;
  readonly application?: string;
  readonly seed?: number;
  readonly engine?: EngineInfo;
  readonly stages: readonly StageRecord[];
  /** Steps a second of the stage under way. */
  readonly rate?: number;
  /** Seconds that the stage under way still takes at that rate. */
  readonly left?: number;
  readonly metrics: Numbers;
  readonly expectations: readonly ExpectationResult[];
  /** What the scenario expects and was not judged yet: that comes at the end. */
  readonly expected: readonly { readonly metric: string; readonly expected: string }[];
  readonly warnings: readonly string[];
  /** What `/series` can be asked for. */
  readonly series: readonly { readonly stage: string; readonly metric: string; readonly count: number }[];
  /** Why it failed. */
  readonly error?: string;
  readonly result?: RunResult;
}

/** Answer of `GET /api/runs/:id/events`. */
export interface EventsPage {
  readonly events: readonly RunEvent[];
  /** What to ask for next: `?since=<next>`. */
  readonly next: number;
  /** Whether the run is over and all its events were given. */
  readonly done: boolean;
}

/** A number over the steps of a stage. */
export interface Series {
  readonly stage: string;
  readonly metric: string;
  /** Points there are, of which `x` and `y` are a part that looks the same. */
  readonly count: number;
  /** Steps. */
  readonly x: readonly number[];
  /** null where it was no finite number. */
  readonly y: readonly (number | null)[];
}

/** Answer of `GET /api/runs/:id/series`. */
export interface SeriesAnswer {
  /** Number of the last event that is in it. */
  readonly last: number;
  readonly series: readonly Series[];
}

/** Answer of `GET /api/runs/:id/artifacts`. */
export interface ArtifactsAnswer {
  /** As they were kept, the newest last. `path` follows `/api/runs/:id/`. */
  readonly artifacts: readonly ArtifactRecord[];
}

/** What `POST /api/runs` takes as JSON; as YAML it takes the scenario itself. */
export interface StartRequest {
  /** A scenario: its document, as an object or as text, or the name of a packaged one. */
  readonly scenario: string | Readonly<Record<string, unknown>>;
  /** Values by path, as `--set` has them: `{ "application.steps": 100 }`. */
  readonly set?: Readonly<Record<string, unknown>> | undefined;
}

/** Answer of `GET /api/queue`. */
export interface QueueAnswer {
  readonly jobs: readonly Job[];
}

/** Answer of `POST /api/runs/:id/cancel`. */
export interface CancelAnswer {
  readonly run: string;
  readonly cancelling: true;
}

/** A number in a query. What is coerced could be anything, so that OpenAPI must be told what it is. */
const numeric = (
  type: "integer" | "number",
  [minimum, maximum]: readonly [number, number],
  initial: number,
  description?: string,
): z.ZodType<number> => {
  const schema = type === "integer" ? z.coerce.number().int() : z.coerce.number();
  return schema
    .min(minimum)
    .max(maximum)
    .default(initial)
    .openapi({ type, minimum, maximum, ...(description && { description }) });
};
const anyNumber = (description: string): z.ZodType<number | undefined> =>
  z.coerce.number().optional().openapi({ type: "number", description });
const words = (text: string): string[] => text.split(",").filter((word) => word !== "");

/** Statuses of a run. */
export const STATUSES = ["running", "passed", "missed", "failed", "cancelled", "abandoned"] as const;

/** Query of `GET /api/runs`. */
export const runsQuery: z.ZodType<{
  status?: string[] | undefined;
  scenario?: string | undefined;
  tag?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}> = z.object({
  status: z
    .string()
    .transform(words)
    .pipe(z.array(z.enum(STATUSES)))
    .optional()
    .openapi({ type: "string", description: `One or several of ${STATUSES.join(", ")}.` }),
  scenario: z.string().optional().openapi({ description: "Name of the scenario." }),
  tag: z.string().optional().openapi({ description: "A tag of the scenario." }),
  limit: numeric("integer", [1, LIST.most], LIST.usual),
  cursor: z.string().max(200).optional().openapi({ description: "`next` of the page before." }),
});

/** Query of `GET /api/runs/:id/events`. */
export const eventsQuery: z.ZodType<{
  since: number;
  limit: number;
  wait: number;
  types?: string[] | undefined;
}> = z.object({
  since: numeric(
    "integer",
    ANY_EVENT,
    0,
    "Number of the last event that the client has: `next` of the page before.",
  ),
  limit: numeric("integer", [1, PAGE.most], PAGE.usual),
  wait: numeric(
    "number",
    [0, LONGEST_WAIT],
    0,
    "Seconds to wait for an event where there is none yet; up to a tenth less.",
  ),
  types: z
    .string()
    .transform(words)
    .optional()
    .openapi({ type: "string", description: "Types of events, joined by commas; all unless given." }),
});

/** Query of `GET /api/runs/:id/stream`. */
export const streamQuery: z.ZodType<{ since: number; types?: string[] | undefined }> = z.object({
  since: numeric("integer", ANY_EVENT, 0, "As Last-Event-ID, which goes before it."),
  types: z.string().transform(words).optional().openapi({ type: "string" }),
});

/** Query of `GET /api/runs/:id/series`. */
export const seriesQuery: z.ZodType<{
  metric?: string[] | undefined;
  stage?: string | undefined;
  points: number;
  from?: number | undefined;
  to?: number | undefined;
}> = z.object({
  metric: z
    .string()
    .transform((text) => words(text).slice(0, MOST_SERIES))
    .optional()
    .openapi({ type: "string", description: "Names joined by commas; all unless given." }),
  stage: z.string().optional(),
  points: numeric("integer", [POINTS.fewest, POINTS.most], POINTS.usual),
  from: anyNumber("First step."),
  to: anyNumber("Last step."),
});

/** Body of `POST /api/runs`. */
export const startRequest: z.ZodType<StartRequest> = z
  .strictObject({
    scenario: z.union([z.string().min(1), z.record(z.string(), z.unknown())]),
    set: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("StartRequest");

/** A run's id in a path. */
export const runParams: z.ZodType<{ id: string }> = z.object({
  id: z.string().openapi({ description: "Id of the run." }),
});

const numbers = z.record(z.string(), z.number());
const expectation = z.object({
  metric: z.string(),
  expected: z.string(),
  value: z.number().optional(),
  met: z.boolean(),
});
const item = z.object({
  run: z.string(),
  scenario: z.string(),
  status: z.enum(STATUSES),
  tags: z.array(z.string()).readonly(),
  began: z.iso.datetime(),
  seconds: z.number().optional(),
});
const result = z
  .object({
    run: z.string(),
    scenario: z.string(),
    status: z.enum(["passed", "missed", "failed", "cancelled"]),
    metrics: numbers,
    expectations: z.array(expectation),
    seconds: z.number(),
    error: z.object({ kind: z.enum(["input", "run"]), message: z.string() }).optional(),
  })
  .openapi("RunResult");
const event = z
  .looseObject({ seq: z.int().min(1), time: z.iso.datetime(), type: z.string() })
  .openapi("RunEvent", { description: "What a run says of itself; its other members depend on its type." });
const job = z
  .object({
    ticket: z.string(),
    state: z.enum(["queued", "running", "ended", "failed"]),
    title: z.string(),
    ahead: z.int().min(0),
    run: z.string().optional(),
    error: z.string().optional(),
  })
  .openapi("Job");

/** Schemas of answers, by name. */
export const answers = {
  runs: z.object({ runs: z.array(item.openapi("RunItem")), next: z.string().nullable() }).openapi("RunsPage"),
  summary: item
    .extend({
      events: z.int().min(0),
      application: z.string().optional(),
      seed: z.int().optional(),
      engine: z
        .object({ name: z.string(), version: z.string(), device: z.string(), reason: z.string() })
        .optional(),
      stages: z.array(
        z.object({
          stage: z.string(),
          began: z.string(),
          seen: z.string(),
          step: z.int().optional(),
          steps: z.int().optional(),
        }),
      ),
      rate: z.number().optional().openapi({ description: "Steps a second." }),
      left: z.number().optional().openapi({ description: "Seconds." }),
      metrics: numbers,
      expectations: z.array(expectation),
      expected: z.array(z.object({ metric: z.string(), expected: z.string() })),
      warnings: z.array(z.string()),
      series: z.array(z.object({ stage: z.string(), metric: z.string(), count: z.int() })),
      error: z.string().optional(),
      result: result.optional(),
    })
    .openapi("RunSummary"),
  result,
  events: z.object({ events: z.array(event), next: z.int(), done: z.boolean() }).openapi("EventsPage"),
  series: z
    .object({
      last: z.int(),
      series: z.array(
        z.object({
          stage: z.string(),
          metric: z.string(),
          count: z.int(),
          x: z.array(z.number()),
          y: z.array(z.number().nullable()),
        }),
      ),
    })
    .openapi("Series"),
  artifacts: z
    .object({
      artifacts: z.array(
        z.object({
          path: z.string(),
          title: z.string(),
          bytes: z.int(),
          time: z.string(),
          step: z.int().optional(),
        }),
      ),
    })
    .openapi("Artifacts"),
  job,
  queue: z.object({ jobs: z.array(job) }).openapi("Queue"),
  cancel: z.object({ run: z.string(), cancelling: z.literal(true) }),
  problem: z
    .object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      problems: z
        .array(z.object({ path: z.string(), message: z.string(), line: z.int().optional() }))
        .optional(),
    })
    .openapi("Problem", { description: "Problem details, RFC 9457." }),
} satisfies Record<string, z.ZodType> as Record<
  "runs" | "summary" | "result" | "events" | "series" | "artifacts" | "job" | "queue" | "cancel" | "problem",
  z.ZodType
>;

/** Any of these as text, as a query has them. */
type Query<K extends string> = { readonly [name in K]?: string };
type Id = { readonly param: { readonly id: string } };
type Endpoint<Input, Output> = {
  readonly input: Input;
  readonly output: Output;
  readonly outputFormat: "json";
  readonly status: 200;
};

/** The API as Hono's typed client knows it. */
export type Api = Hono<
  Env,
  {
    "/api/runs": {
      $get: Endpoint<{ query: Query<"status" | "scenario" | "tag" | "limit" | "cursor"> }, RunsPage>;
      $post: Endpoint<{ json: StartRequest }, Job>;
    };
    "/api/runs/:id": { $get: Endpoint<Id, RunSummary> };
    "/api/runs/:id/result": { $get: Endpoint<Id, RunResult> };
    "/api/runs/:id/events": {
      $get: Endpoint<Id & { query: Query<"since" | "limit" | "wait" | "types"> }, EventsPage>;
    };
    "/api/runs/:id/series": {
      $get: Endpoint<Id & { query: Query<"metric" | "stage" | "points" | "from" | "to"> }, SeriesAnswer>;
    };
    "/api/runs/:id/artifacts": { $get: Endpoint<Id, ArtifactsAnswer> };
    "/api/runs/:id/cancel": { $post: Endpoint<Id, CancelAnswer> };
    "/api/runs/:id/resume": { $post: Endpoint<Id, Job> };
    "/api/queue": { $get: Endpoint<Record<never, never>, QueueAnswer> };
  },
  "/"
>;

/** Options of {@link client}. */
export interface ClientOptions {
  /** Sent with every request. */
  readonly token?: string;
  /** What requests are made with, e.g. an app's own `request`. */
  readonly fetch?: typeof fetch;
}

/** A typed client of a server: `await (await client(url).api.runs.$get({ query: {} })).json()`. */
export function client(url: string, { token, fetch }: ClientOptions = {}): ReturnType<typeof hc<Api>> {
  return hc<Api>(url, {
    ...(fetch && { fetch }),
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
  });
}

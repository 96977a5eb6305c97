/**
 * What requests may carry. Each schema checks requests, describes them in `/openapi.json`, and types the client.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** Statuses of a run. */
export const STATUSES = [
  "running",
  "passed",
  "missed",
  "failed",
  "cancelled",
  "paused",
  "abandoned",
] as const;

/** Longest time a poll may wait, in seconds. */
const LONGEST_WAIT = 60;
/** Numbers of events. */
const EVENT_NUMBERS = { least: 0, most: Number.MAX_SAFE_INTEGER };
/** Runs on a page of the list. */
const RUNS = { least: 1, most: 1000 };
/** Events on a page. */
const EVENTS = { least: 1, most: 10_000 };
/** Points of a series. */
const POINTS = { least: 4, most: 20_000 };
/** Series in one answer. */
const MOST_SERIES = 100;

/** Values that may be set in an order, and characters of the path of one. */
const MOST_SET = 1000;
const PATH = 1000;

/** The bounds of a number, both included. */
interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** A number in a query. Its text is coerced, so OpenAPI has to be told the type. */
function numeric(type: "integer" | "number", { least, most }: Bounds, initial: number, description?: string) {
  const number = z.coerce.number<string | number>();
  return (type === "integer" ? number.int() : number)
    .min(least)
    .max(most)
    .default(initial)
    .openapi({ type, minimum: least, maximum: most, ...(description && { description }) });
}

/** A number in a query, which may be left out. */
export function anyNumber(description: string) {
  return z.coerce.number<string | number>().optional().openapi({ type: "number", description });
}

/** Splits words at commas. */
function wordsOf(text: string): string[] {
  return text.split(",").filter((word) => word !== "");
}

/** Words joined by commas, by repeating the parameter, or both. */
function words(description: string) {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap(wordsOf))
    .optional()
    .openapi({ type: "string", description });
}

/** Query of `GET /api/runs`. */
export const runsQuery = z.object({
  status: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap(wordsOf))
    .pipe(z.array(z.enum(STATUSES)))
    .optional()
    .openapi({
      type: "array",
      items: { type: "string", enum: [...STATUSES] },
      description: "One or several, by commas or by repeating the parameter.",
      param: { style: "form", explode: false },
    }),
  scenario: z.string().optional().openapi({ description: "Name of the scenario." }),
  tag: z.string().optional().openapi({ description: "A tag of the scenario." }),
  limit: numeric("integer", RUNS, 50),
  cursor: z.string().max(200).optional().openapi({ description: "`next` of the page before." }),
});

/** Query of `GET /api/runs/:id/events`. */
export const eventsQuery = z.object({
  since: numeric(
    "integer",
    EVENT_NUMBERS,
    0,
    "Number of the last event that the client has: `next` of the page before.",
  ),
  limit: numeric("integer", EVENTS, 1000),
  wait: numeric(
    "number",
    { least: 0, most: LONGEST_WAIT },
    0,
    "Seconds to wait for the next event where there is none yet. The server may answer up to a tenth earlier.",
  ),
  types: words("Types of events, joined by commas; all unless given."),
});

/** Query of `GET /api/runs/:id/stream`. */
export const streamQuery = z.object({
  since: numeric(
    "integer",
    EVENT_NUMBERS,
    0,
    "Number of the last event that the client has. The header Last-Event-ID overrides it.",
  ),
  types: words("Types of events, joined by commas; all unless given."),
});

/** Query of `GET /api/runs/:id/series`. */
export const seriesQuery = z.object({
  metric: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().slice(0, MOST_SERIES))
    .optional()
    .openapi({
      type: "array",
      items: { type: "string" },
      description: "A name each, or several joined by commas where no metric is called so; all unless given.",
      param: { style: "form", explode: true },
    }),
  stage: z.string().optional(),
  points: numeric("integer", POINTS, 1000),
  from: anyNumber("First step."),
  to: anyNumber("Last step."),
});

/** Body of `POST /api/runs` as JSON. As YAML it is the scenario itself. */
export const startRequest = z
  .strictObject({
    scenario: z
      .union([z.string().min(1), z.record(z.string(), z.unknown())])
      .describe("A scenario as text or as an object, or the name of a packaged one."),
    set: z
      .record(z.string().max(PATH), z.unknown())
      .refine((set) => Object.keys(set).length <= MOST_SET, `expected at most ${MOST_SET} values`)
      .optional()
      .describe(`Values by path, like \`--set\` on the command line; ${MOST_SET} at most.`),
  })
  .openapi("StartRequest");

/** Names that are asked for: each as it stands where there is one called so, or else taken apart at its commas. */
export function namesAmong(asked: readonly string[], known: ReadonlySet<string>): string[] {
  return asked.flatMap((name) => (known.has(name) ? [name] : wordsOf(name))).slice(0, MOST_SERIES);
}

/** A run's id in a path. */
export const runParams = z.object({
  id: z.string().openapi({ description: "Id of the run." }),
});

/** Body of `POST /api/runs` as JSON. */
export type StartRequest = z.infer<typeof startRequest>;

/**
 * The route that gives runs as rows of a table: with what tells them apart, and what they came to.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { parseKept } from "../../core/run/kept.ts";
import type { Readings } from "../../core/run/reading.ts";
import { glancesOf, RUN_FILES, type RunGlance, type RunReader, type Store } from "../../core/run/store.ts";
import { differingPaths, type Options, optionsOf } from "../statistics/options.ts";
import { shortNames } from "../sweep/outcome.ts";
import { reading } from "./answers.ts";
import { breaths } from "./breath.ts";
import type { Logs } from "./logs.ts";
import { type Notes, notesOf } from "./notes.ts";
import { STATUSES } from "./requests.ts";
import { json, newRoutes, route } from "./route.ts";
import { isSweepId, type SweepBook } from "./sweep-book.ts";

/** Rows in an answer. */
const MOST_ROWS = 5000;

const row = z
  .object({
    run: z.string(),
    scenario: z.string(),
    status: z.enum(STATUSES),
    began: z.iso.datetime(),
    seconds: z.number().optional(),
    seed: z.int().optional(),
    tags: z.array(z.string()).readonly().describe("Those of the scenario and of the notes."),
    own: z.array(z.string()).readonly().optional().describe("Those of the notes alone."),
    name: z.string().optional(),
    note: z.string().optional(),
    archived: z.literal(true).optional(),
    sweep: z.string().optional().describe("Id of the sweep that it belongs to."),
    options: z
      .record(z.string(), z.unknown())
      .describe("By path, those in which runs of its scenario differ. Nothing of the seed."),
    metrics: z.record(z.string(), reading),
    asked: z.array(z.string()).readonly().describe("Metrics that the scenario has expectations of."),
    missed: z.array(z.string()).readonly().optional().describe("Those that missed them."),
    share: z.number().optional().describe("How far its stage is, from 0 to 1, while it runs."),
    left: z.number().optional().describe("Seconds that the stage still takes."),
    error: z.string().optional(),
  })
  .openapi("TableRow");

const answer = z
  .object({
    names: z
      .record(z.string(), z.string())
      .describe("For each path of an option, as much of its end as tells it apart."),
    rows: z.array(row).readonly().describe("Newest first, sweeps left out."),
    pending: z.int().min(0).describe("Rows of which no more than a glance is known yet: ask again."),
    canEdit: z.boolean().describe("Whether runs can be noted on and removed from here."),
  })
  .openapi("Table");

const table = route({
  method: "get",
  path: "/api/table",
  summary: "Runs as rows: what tells them apart, and what they came to",
  request: {
    query: z.object({
      limit: z.coerce
        .number<string | number>()
        .int()
        .min(1)
        .max(MOST_ROWS)
        .default(1000)
        .openapi({ type: "integer", minimum: 1, maximum: MOST_ROWS }),
    }),
  },
  answers: { 200: json(answer) },
});

export type TableAnswer = z.infer<typeof answer>;
export type TableRow = z.infer<typeof row>;

/** Runs as rows. */
export interface RunTable {
  rows(limit: number): Promise<{ readonly rows: readonly TableRow[]; readonly pending: number }>;
  /** The notes on a run have changed. */
  forget(run: string): void;
}

/** The route of this module. */
export function tableRoutes(runs: RunTable, canEdit: boolean) {
  return newRoutes().openapi(table, async (c) => {
    const { rows, pending } = await runs.rows(c.req.valid("query").limit);
    const paths = [...new Set(rows.flatMap(({ options }) => Object.keys(options)))];
    return c.json({ names: Object.fromEntries(shortNames(paths)), rows, pending, canEdit }, 200);
  });
}

/** What is known of a run beside its glance. */
interface Details {
  /** The glance that it goes with. */
  readonly key: string;
  readonly seed?: number;
  readonly options: Options;
  readonly metrics: Readings;
  readonly asked: readonly string[];
  readonly missed: readonly string[];
  readonly error?: string;
  readonly notes: Notes;
}

/** Milliseconds of an answer that go into reading runs that are not known yet: what remains comes with the next. */
const READING_MS = 400;
/** Runs that each answer reads, however long that takes. */
const FEWEST = 8;

/** The runs of a store as rows. What does not change any more is read once. */
export function runTable(store: Store, logs: Logs, book: SweepBook): RunTable {
  const known = new Map<string, Details>();

  const details = async (glance: RunGlance): Promise<Details> => {
    const key = keyOf(glance);
    const found = known.get(glance.run);
    if (found?.key === key) return found;
    const read = { key, ...(await readDetails(await store.open(glance.run))) };
    known.set(glance.run, read);
    return read;
  };
  return {
    forget: (run) => void known.delete(run),
    async rows(limit) {
      const ids = (await store.list()).filter((id) => !isSweepId(id)).slice(0, limit);
      const sweeps = await book.sweepOf();
      const breath = breaths();
      const until = performance.now() + READING_MS;
      let reads = 0;
      const found: { glance: RunGlance; about: Details | undefined }[] = [];
      for await (const glance of glancesOf(store, ids)) {
        const isKnown = known.get(glance.run)?.key === keyOf(glance);
        const mayRead = isKnown || reads++ < FEWEST || performance.now() < until;
        found.push({ glance, about: mayRead ? await details(glance).catch(() => undefined) : undefined });
        await breath();
      }
      const paths = pathsByScenario(found);
      const rows = await Promise.all(
        found.map(async ({ glance, about }) => {
          const going = glance.status === "running" ? await progressOf(glance.run, logs) : {};
          return rowOf(glance, about, sweeps.get(glance.run), paths.get(glance.scenario) ?? [], going);
        }),
      );
      for (const run of known.keys()) if (!ids.includes(run)) known.delete(run);
      return { rows, pending: found.filter(({ about }) => about === undefined).length };
    },
  };
}

/** Changes with each session of a run; while it runs, its scenario is all that is read of it. */
function keyOf({ status, began, seconds }: RunGlance): string {
  return `${status} ${began} ${seconds}`;
}

async function readDetails(reader: RunReader): Promise<Omit<Details, "key">> {
  const [text, result, notes] = await Promise.all([
    reader.read(RUN_FILES.scenario).catch(() => undefined),
    reader.result().catch(() => undefined),
    notesOf(reader),
  ]);
  const scenario = scenarioOf(text);
  const expectations = result?.expectations ?? [];
  const message = result?.error?.message;
  return {
    ...(typeof scenario.seed === "number" && { seed: scenario.seed }),
    options: optionsOf(scenario),
    metrics: result?.metrics ?? {},
    asked: Object.keys((scenario.expect as object | undefined) ?? {}),
    missed: expectations.filter(({ met }) => !met).map(({ metric }) => metric),
    ...(message !== undefined && { error: message.split("\n")[0]! }),
    notes,
  };
}

function scenarioOf(data: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = parseKept(new TextDecoder().decode(data ?? new Uint8Array()));
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {}; // someone has edited the file; the rest can be shown without it
  }
}

function pathsByScenario(
  found: readonly { glance: RunGlance; about: Details | undefined }[],
): ReadonlyMap<string, readonly string[]> {
  const groups = Map.groupBy(found, ({ glance }) => glance.scenario);
  return new Map(
    [...groups].map(([scenario, group]) => [
      scenario,
      differingPaths(group.flatMap(({ about }) => (about === undefined ? [] : [about.options]))),
    ]),
  );
}

async function progressOf(run: string, logs: Logs): Promise<Pick<TableRow, "share" | "left">> {
  try {
    const { log } = await logs.open(run);
    const { stages, left } = await log.digest();
    const { step = 0, steps } = stages.at(-1) ?? {};
    return {
      ...(steps !== undefined && { share: Math.min(1, step / steps) }),
      ...(left !== undefined && { left }),
    };
  } catch {
    return {}; // it is gone, or damaged
  }
}

function rowOf(
  { run, scenario, status, began, seconds, tags }: RunGlance,
  about: Details | undefined,
  sweep: string | undefined,
  paths: readonly string[],
  going: Pick<TableRow, "share" | "left">,
): TableRow {
  const { name, note, tags: own = [], archived } = about?.notes ?? {};
  const { seed, options, metrics = {}, asked = [], missed = [], error } = about ?? {};
  return {
    ...{ run, scenario, status, began, metrics, asked },
    ...(seconds !== undefined && { seconds }),
    ...(seed !== undefined && { seed }),
    tags: [...new Set([...tags, ...own])],
    ...(own.length > 0 && { own }),
    ...(name && { name }),
    ...(note && { note }),
    ...(archived && { archived: true as const }),
    ...(sweep !== undefined && { sweep }),
    options: Object.fromEntries(
      paths.filter((path) => options?.has(path)).map((path) => [path, options!.get(path)]),
    ),
    ...(missed.length > 0 && { missed }),
    ...(error !== undefined && { error }),
    ...going,
  };
}

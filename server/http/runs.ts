/**
 * Routes that list runs and say how one of them stands.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { type Expectation, inWords } from "../../core/run/expectation.ts";
import { parseKept } from "../../core/run/kept.ts";
import { glancesOf, RUN_FILES, type Store } from "../../core/run/store.ts";
import { type RunItem, type RunSummary, type RunsPage, runSummary, runsPage } from "./answers.ts";
import { breaths } from "./breath.ts";
import type { RunLog } from "./log.ts";
import type { Logs } from "./logs.ts";
import { Refusal } from "./problem.ts";
import { runParams, runsQuery } from "./requests.ts";
import { json, newRoutes, route } from "./route.ts";

const list = route({
  method: "get",
  path: "/api/runs",
  summary: "Runs, newest first",
  request: { query: runsQuery },
  answers: { 200: json(runsPage) },
});

const summary = route({
  method: "get",
  path: "/api/runs/{id}",
  summary: "How a run stands",
  request: { params: runParams },
  answers: { 200: json(runSummary) },
});

/** The routes of this module. */
export function runRoutes(store: Store, logs: Logs) {
  return newRoutes()
    .openapi(list, async (c) => c.json(await listed(store, c.req.valid("query")), 200))
    .openapi(summary, async (c) => {
      const { log } = await logs.open(c.req.param("id"));
      return c.json(await summed(store, log), 200);
    });
}

/** A page of the runs that pass a filter. */
async function listed(
  store: Store,
  { status, scenario, tag, limit, cursor }: z.output<typeof runsQuery>,
): Promise<RunsPage> {
  const ids = await store.list();
  const after = cursor === undefined ? 0 : ids.indexOf(cursor) + 1;
  if (cursor !== undefined && after === 0) {
    throw new Refusal(
      410,
      `run ${JSON.stringify(cursor)}, the last of the page before, is gone. Start again`,
    );
  }
  const runs: RunItem[] = [];
  const breath = breaths();
  for await (const glance of glancesOf(store, ids.slice(after))) {
    if (runs.length === limit) return { runs, next: runs.at(-1)!.run };
    await breath();
    const isWanted =
      (status === undefined || status.includes(glance.status)) &&
      (scenario === undefined || scenario === glance.scenario) &&
      (tag === undefined || glance.tags.includes(tag));
    if (isWanted) runs.push(glance);
  }
  return { runs, next: null };
}

/** How a run stands. */
async function summed(store: Store, log: RunLog): Promise<RunSummary> {
  const digest = await log.digest();
  const [glance, { expected, description }, result] = await Promise.all([
    store.glance(log.reader.id),
    aboutOf(log),
    log.reader.result().catch(() => undefined), // a damaged file: what the events say stands
  ]);
  const { started, ended, stages, rate, left, metrics, expectations, warnings } = digest;
  const status = ended?.status ?? glance.status; // the last event may be ahead of the files by a moment
  const isRunning = status === "running";
  const error = result?.error?.message ?? ended?.error;
  return {
    ...glance,
    status,
    ...(description !== undefined && { description }),
    events: digest.last,
    ...(started && { application: started.application, seed: started.seed, engine: started.engine }),
    stages,
    ...(isRunning && rate !== undefined && { rate }),
    ...(isRunning && left !== undefined && { left }),
    metrics,
    expectations,
    expected: isRunning
      ? expected.filter((e) => !expectations.some(({ metric }) => metric === e.metric))
      : [],
    warnings,
    series: digest.curves.map((curve) => ({
      stage: curve.stage,
      metric: curve.metric,
      count: curve.line().x.length,
    })),
    ...(!isRunning && error !== undefined && { error }),
    ...(!isRunning && result && { result }),
  };
}

/** What the scenario of a run says of it. */
interface About {
  readonly expected: RunSummary["expected"];
  readonly description?: string;
}

/** What the scenario of a run expects and says it shows, which does not change. */
async function aboutOf(log: RunLog): Promise<About> {
  const known = aboutRuns.get(log);
  if (known !== undefined) return known;
  const data = await log.reader.read(RUN_FILES.scenario).catch(() => undefined);
  if (data === undefined) return { expected: [] }; // not written yet
  let about: About = { expected: [] };
  try {
    const text = new TextDecoder().decode(data);
    const { expect = {}, description } = parseKept(text) as {
      readonly expect?: Record<string, Expectation>;
      readonly description?: unknown;
    };
    about = {
      expected: Object.entries(expect).map(([metric, bounds]) => ({ metric, expected: inWords(bounds) })),
      ...(typeof description === "string" && { description }),
    };
  } catch {
    // someone has edited the file; the rest can be shown without it
  }
  aboutRuns.set(log, about);
  return about;
}

const aboutRuns = new WeakMap<RunLog, About>();

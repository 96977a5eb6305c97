/**
 * The part of the API that reads.
 *
 * @module
 */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { filter, firstValueFrom, fromEvent, merge, takeUntil, timer } from "rxjs";
import { parse } from "yaml";
import {
  checkRunPath,
  type Expectation,
  InputError,
  inWords,
  RUN_FILES,
  type Store,
} from "../../core/mod.ts";
import {
  type ArtifactsAnswer,
  answers,
  eventsQuery,
  type RunItem,
  type RunSummary,
  type RunsPage,
  runParams,
  runsQuery,
  type Series,
  type SeriesAnswer,
  seriesQuery,
  streamQuery,
} from "./api.ts";
import { BREATHE, breath } from "./breath.ts";
import { clip, downsample } from "./downsample.ts";
import type { Logs, Position, RunLog, Types } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { Refusal } from "./problem.ts";
import { queryOf, type Route, route } from "./route.ts";
import { eventStreams, type StreamLimits } from "./stream.ts";

/** What reading needs. */
export interface Reading {
  readonly store: Store;
  readonly logs: Logs;
  readonly metrics: Metrics;
  readonly limits: StreamLimits;
}

/** Adds the routes that read. */
export function addReading(app: OpenAPIHono, reading: Reading): void {
  const { store, logs, metrics, limits } = reading;
  const params = runParams;
  const streams = eventStreams(metrics.streams, limits);
  const about = (path: string, summary: string, more: Partial<Route> = {}): Route => ({
    method: "get",
    path,
    summary,
    params,
    ...more,
  });

  route(
    app,
    {
      method: "get",
      path: "/api/runs",
      summary: "Runs, newest first",
      query: runsQuery,
      answer: answers.runs,
    },
    async (c) => c.json(await listed(store, queryOf(c, runsQuery))),
  );

  route(app, about("/api/runs/{id}", "How a run stands", { answer: answers.summary }), async (c) => {
    const { log } = await opened(logs, c);
    return c.json(await summed(store, log));
  });

  for (const [name, file, type] of [
    ["scenario", RUN_FILES.scenario, "application/yaml"],
    ["environment", RUN_FILES.environment, "application/json"],
    ["result", RUN_FILES.result, "application/json"],
  ] as const) {
    const answer = name === "result" ? { answer: answers.result } : { type };
    route(app, about(`/api/runs/{id}/${name}`, `The run's ${file}`, answer), async (c) => {
      const { log } = await opened(logs, c);
      return c.body(text(await fileOf(log, file)), 200, { "Content-Type": `${type}; charset=utf-8` });
    });
  }

  route(
    app,
    about("/api/runs/{id}/report", "The run's report, where one was written", { type: "text/html" }),
    async (c) => {
      const { log } = await opened(logs, c);
      return c.body(text(await fileOf(log, "report.html")), 200, {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": `sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'`,
      });
    },
  );

  route(
    app,
    about("/api/runs/{id}/events", "Events of a run; waits for the next ones where asked to", {
      query: eventsQuery,
      answer: answers.events,
    }),
    async (c) => {
      const { since, limit, wait, types } = queryOf(c, eventsQuery);
      const { log, position } = await opened(logs, c);
      const wanted: Types = types && new Set(types);
      requireSameLife(position, since, c);
      const page = await polled(log, position, since, limit, wanted, wait, () => c.req.raw.signal);
      const { over, last, generation } = page.position;
      const done = over && page.next >= last;
      c.header("ETag", `W/"${generation}.${since}.${page.next}.${page.lines.length}.${done}"`);
      c.header("Cache-Control", "no-cache");
      const events = page.lines.map(({ json }) => json).join(",");
      return c.body(`{"events":[${events}],"next":${page.next},"done":${done}}`, 200, {
        "Content-Type": "application/json",
      });
    },
  );

  route(
    app,
    about("/api/runs/{id}/stream", "Events of a run as server-sent events", {
      query: streamQuery,
      type: "text/event-stream",
    }),
    async (c) => {
      const { since, types } = queryOf(c, streamQuery);
      const resumed = c.req.header("Last-Event-ID");
      const from = resumed === undefined || resumed === "" ? since : Number(resumed);
      if (!Number.isSafeInteger(from) || from < 0) {
        throw new Refusal(
          400,
          `Last-Event-ID: expected the number of an event, got ${JSON.stringify(resumed)}`,
        );
      }
      const { log, position } = await opened(logs, c);
      requireSameLife(position, from, c);
      // A browser that comes back for more than there will ever be is told to stop.
      if (resumed !== undefined && position.over && from >= position.last) return c.body(null, 204);
      const wanted: Types = types && new Set(types);
      const headers = {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-store, no-transform",
        "X-Accel-Buffering": "no",
      };
      if (c.req.method === "HEAD") return c.body(null, 200, headers); // nobody would take a stream, nor let go of it
      return c.body(streams.of(log, from, wanted, c.req.path), 200, headers);
    },
  );

  route(
    app,
    about("/api/runs/{id}/series", "Numbers over steps, in so few points that they draw at once", {
      query: seriesQuery,
      answer: answers.series,
    }),
    async (c) => {
      const { log } = await opened(logs, c);
      return c.json(await seriesOf(log, queryOf(c, seriesQuery)));
    },
  );

  route(
    app,
    about("/api/runs/{id}/artifacts", "Files that a run has kept", { answer: answers.artifacts }),
    async (c) => {
      const { log } = await opened(logs, c);
      const { artifacts } = await log.digest();
      return c.json({ artifacts } satisfies ArtifactsAnswer);
    },
  );

  route(
    app,
    about("/api/runs/{id}/artifacts/{path}", "A file that a run has kept", {
      params: z.object({ id: z.string(), path: z.string() }),
      type: "application/octet-stream",
    }),
    async (c) => {
      const { log } = await opened(logs, c);
      const path = `artifacts/${c.req.param("path") ?? ""}`;
      try {
        checkRunPath(path);
      } catch (error) {
        throw new Refusal(400, (error as Error).message);
      }
      const data = await fileOf(log, path);
      const type = TYPES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()];
      return c.body(data as Uint8Array<ArrayBuffer>, 200, {
        "Content-Type": type ?? "application/octet-stream",
        // Whatever a plugin has written, it cannot act in the name of this page.
        "Content-Security-Policy": "sandbox; default-src 'none'",
        ...(type === undefined && { "Content-Disposition": "attachment" }),
      });
    },
  );
}

/** Media types of files that a browser may show. */
const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  json: "application/json",
  txt: "text/plain; charset=utf-8",
  csv: "text/plain; charset=utf-8",
};

/** The run that a request is about. @throws Refusal 404 where there is none */
async function opened(
  logs: Logs,
  c: Context,
): Promise<{ readonly log: RunLog; readonly position: Position }> {
  return await logs.open(c.req.param("id") ?? "").catch((error) => {
    throw error instanceof InputError ? new Refusal(404, error.message) : error;
  });
}

async function fileOf({ reader }: RunLog, path: string): Promise<Uint8Array> {
  return await reader.read(path).catch((error) => {
    throw error instanceof InputError ? new Refusal(404, error.message) : error;
  });
}

function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** @throws Refusal 410 where a client has more events than there are: those it has are another run's */
function requireSameLife({ last }: Position, since: number, c: Context): void {
  if (since <= last) return;
  throw new Refusal(
    410,
    `run ${c.req.param("id")} has ${last} events, and none above ${since}: those you have are of another run of ` +
      "that name. Start again with since=0",
  );
}

/** Runs that pass a filter, a page of them. */
async function listed(
  store: Store,
  { status, scenario, tag, limit, cursor }: z.output<typeof runsQuery>,
): Promise<RunsPage> {
  const ids = await store.list();
  const after = cursor === undefined ? 0 : ids.indexOf(cursor) + 1;
  if (cursor !== undefined && after === 0) {
    throw new Refusal(
      410,
      `run ${JSON.stringify(cursor)}, at which the page before ended, is gone. Start again`,
    );
  }
  const runs: RunItem[] = [];
  let breathed = performance.now();
  for (const id of ids.slice(after)) {
    if (runs.length === limit) return { runs, next: runs.at(-1)!.run };
    if (scenario !== undefined && !id.startsWith(`${scenario}-`)) continue;
    const glance = await store.glance(id).catch(() => undefined); // removed in the meantime
    if (performance.now() - breathed > BREATHE) {
      await breath();
      breathed = performance.now();
    }
    const isWanted =
      glance !== undefined &&
      (status?.includes(glance.status) ?? true) &&
      (scenario ?? glance.scenario) === glance.scenario &&
      (tag === undefined || glance.tags.includes(tag));
    if (isWanted) runs.push(glance);
  }
  return { runs, next: null };
}

/** How a run stands. */
async function summed(store: Store, log: RunLog): Promise<RunSummary> {
  const digest = await log.digest();
  const [glance, expected, result] = await Promise.all([
    store.glance(log.reader.id),
    expectedOf(log),
    log.reader.result().catch(() => undefined), // damaged: what its events tell stands
  ]);
  const { started, ended, stages, rate, metrics, expectations, warnings } = digest;
  const current = stages.at(-1);
  const left = rate && current?.steps && current.step ? (current.steps - current.step) / rate : undefined;
  const status = ended?.status ?? glance.status; // its last word, which may be a moment ahead of its files
  const isRunning = status === "running";
  const error = result?.error?.message ?? ended?.error;
  return {
    ...glance,
    status,
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

/** What the scenario of a run expects: it does not change. */
async function expectedOf(log: RunLog): Promise<RunSummary["expected"]> {
  const known = expectedBy.get(log);
  if (known !== undefined) return known;
  const data = await log.reader.read(RUN_FILES.scenario).catch(() => undefined);
  if (data === undefined) return []; // not there yet
  let expected: RunSummary["expected"] = [];
  try {
    const { expect = {} } = parse(text(data)) as { expect?: Record<string, Expectation> };
    expected = Object.entries(expect).map(([metric, bounds]) => ({ metric, expected: inWords(bounds) }));
  } catch {
    // someone has edited it; the rest can be shown all the same
  }
  expectedBy.set(log, expected);
  return expected;
}

const expectedBy = new WeakMap<RunLog, RunSummary["expected"]>();

/** The curves that are asked for, downsampled. */
async function seriesOf(
  log: RunLog,
  { metric, stage, points, from = -Infinity, to = Infinity }: z.output<typeof seriesQuery>,
): Promise<SeriesAnswer> {
  const { last, curves } = await log.digest();
  const unknown = metric?.find((name) => !curves.some((curve) => curve.metric === name));
  if (unknown !== undefined) {
    const there = [...new Set(curves.map((curve) => curve.metric))].join(", ") || "none yet";
    throw new Refusal(404, `the run has no metric ${JSON.stringify(unknown)} over steps; it has: ${there}`);
  }
  const wanted = curves.filter(
    (curve) => (metric?.includes(curve.metric) ?? true) && (stage ?? curve.stage) === curve.stage,
  );
  const series = wanted.map((curve): Series => {
    const line = clip(curve.line(), from, to);
    const { x, y } = downsample(line, points);
    return {
      stage: curve.stage,
      metric: curve.metric,
      count: line.x.length,
      x: [...x],
      y: Array.from(y, (value) => (Number.isFinite(value) ? value : null)),
    };
  });
  return { last, series };
}

/**
 * A page of events; where there are none yet, waits for the first, for the run's end, for the time to be up (a little
 * earlier by chance, so that clients do not come back all at once), or for the client to be gone.
 */
async function polled(
  log: RunLog,
  position: Position,
  since: number,
  limit: number,
  types: Types,
  wait: number,
  signalOf: () => AbortSignal,
) {
  const deadline = performance.now() + wait * 1000 * (1 - 0.1 * Math.random());
  let page = await log.page(since, limit, types);
  let now = position;
  while (page.lines.length === 0) {
    if (page.next >= now.last) {
      const left = deadline - performance.now();
      if (now.over || left <= 0) break;
      const gone = signalOf(); // asked for where it is needed: having one is not cheap
      if (gone.aborted) break;
      const seen = now;
      const end = merge(timer(left), fromEvent(gone, "abort"));
      now = await firstValueFrom(
        log.positions.pipe(
          filter((next) => next.last > seen.last || next.over || next.generation !== seen.generation),
          takeUntil(end),
        ),
        { defaultValue: seen },
      );
      if (now.generation !== seen.generation && seen.generation !== "") break;
      if (now === seen) break;
    }
    page = await log.page(page.next, limit, types);
  }
  return { ...page, position: now };
}

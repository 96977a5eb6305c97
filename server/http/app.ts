/**
 * Runs over HTTP: a Hono app over a store. The app keeps nothing that it could not read again, so one `fetch` handler
 * serves Node, Deno, Bun and serverless hosts, and any number of hosts can serve one store.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { getPath } from "hono/utils/url";
import { discreet } from "../../core/plugin/discreet.ts";
import { CORE_VERSION } from "../../core/plugin/plugin.ts";
import type { Store } from "../../core/run/store.ts";
import { outside } from "../events/outside.ts";
import { type Metrics, noStreamCounter } from "./counting.ts";
import { curveRoutes } from "./curves.ts";
import { embedded } from "./embedded.ts";
import { eventRoutes } from "./events.ts";
import { artifactRoutes, fileRoutes } from "./files.ts";
import { type GuardOptions, guardOf } from "./guard.ts";
import { addLayers } from "./layers.ts";
import { logsOf } from "./logs.ts";
import { noteRoutes } from "./notes.ts";
import { type NamedScenario, orderRoutes } from "./orders.ts";
import { placeOf } from "./origin.ts";
import { addPage, type PageFiles } from "./page.ts";
import { problemResponse, Refusal } from "./problem.ts";
import type { Job, Runner } from "./runner.ts";
import { runRoutes } from "./runs.ts";
import { searchRoutes } from "./search.ts";
import { seriesRoutes } from "./series.ts";
import { eventStreams, type StreamLimits } from "./stream.ts";
import { summaryRoutes } from "./summary.ts";
import { sweepBook } from "./sweep-book.ts";
import { sweepRoutes } from "./sweeps.ts";
import { runTable, tableRoutes } from "./table.ts";
import { type WorkersOf, workerRoutes } from "./workers.ts";

/** Options of {@link createApp}. */
export interface AppOptions extends GuardOptions {
  /** Starts, stops and resumes runs. Without one the app answers such requests with 501. */
  readonly runner?: Runner;
  /** Scenarios that can be started by name; none unless given. */
  readonly scenarios?: () => readonly NamedScenario[];
  /** Plugins, files and URLs that scenarios from outside may name; none unless given. An entry ending in `/` is a prefix. */
  readonly allow?: readonly string[];
  /** Whether requests may note something on runs, and remove them; they may not unless given. */
  readonly edit?: boolean;
  /** The workers of queues that the runs of this store are made through, for `GET /api/workers`. */
  readonly workers?: WorkersOf;
  /** Counts requests and streams for `GET /metrics`, which is answered with 501 without it. */
  readonly metrics?: Metrics;
  /** When streams cut a client off. */
  readonly streams?: StreamLimits;
  /** The files of the page; those embedded in this module unless given. */
  readonly page?: PageFiles;
}

/** Tells which runs were ordered. A run that resumes still ends with its old last event until its trainer has begun. */
function orderedBy(runner: Runner | undefined): (id: string) => boolean {
  const waits = ({ state }: Job): boolean => state === "queued" || state === "running";
  return (id) => runner?.jobs().some((job) => waits(job) && (job.run === id || job.title === id)) ?? false;
}

/**
 * Makes the app over a store. No answer tells where on its machine a run is kept or was made. `/openapi.json` describes its routes. Its type, {@link App}, types a client.
 *
 * Requests that fail are answered with problem details (RFC 9457).
 *
 * @example
 * ```ts
 * import { createApp } from "dsgan/http";
 * import { memoryStore } from "dsgan/stores";
 *
 * const app = createApp(memoryStore());
 * const answer = await app.request("/api/runs");
 * console.log(await answer.json()); // { runs: [], next: null }
 * ```
 */
export function createApp(kept: Store, options: AppOptions = {}) {
  const {
    runner,
    scenarios = () => [],
    allow = [],
    edit = false,
    workers = async () => [],
    metrics,
    streams = {},
    origins = [],
  } = options;
  const store = outside(kept, allow);
  const { base, pathOf } = placeOf(options);
  const app = new OpenAPIHono(base === "" ? {} : { getPath: (request) => pathOf(getPath(request)) });
  const guard = guardOf(options);

  app.onError((error, c) => problemResponse(c, error));
  app.notFound((c) =>
    problemResponse(c, new Refusal(404, `there is nothing at ${c.req.path}; /openapi.json lists the routes`)),
  );

  addLayers(app, guard, metrics, origins);

  app.post("/api/session", guard.open);
  app.delete("/api/session", guard.close);
  if (base !== "") app.get(base, (c) => c.redirect(`${base}/`, 308)); // the page's addresses are relative to it
  addPage(app, options.page ?? embedded);
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    await store.list().catch((error) => {
      throw new Refusal(503, `the store cannot be read: ${discreet(error.message)}`);
    });
    return c.json({ status: "ok" });
  });
  app.get("/metrics", async (c) => {
    if (metrics === undefined) throw new Refusal(501, "this host has no metrics");
    const { text, type } = await metrics.scrape();
    return c.body(text, 200, { "Content-Type": type, "Cache-Control": "no-store" });
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "dsgan",
      version: CORE_VERSION,
      description: "Runs of dsgan: watch, start, stop and resume them.",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
    },
    servers: [{ url: base === "" ? "/" : base }],
    security: [{ token: [] }, {}],
  });

  const logs = logsOf(store, orderedBy(runner));
  const book = sweepBook(store, logs);
  const runs = runTable(store, logs, book);
  const eventsOut = eventStreams(metrics?.streams ?? noStreamCounter, streams, base);
  return app
    .route("/", runRoutes(store, logs))
    .route("/", fileRoutes(logs))
    .route("/", eventRoutes(logs, eventsOut))
    .route("/", seriesRoutes(logs))
    .route("/", artifactRoutes(logs))
    .route("/", orderRoutes({ store, runner, scenarios, allow, base }))
    .route("/", sweepRoutes({ store, logs, book, streams: eventsOut, runner }))
    .route("/", workerRoutes(store, logs, workers))
    .route("/", curveRoutes(logs))
    .route("/", tableRoutes(runs, edit))
    .route("/", noteRoutes({ store, canEdit: edit, changed: runs.forget }))
    .route("/", searchRoutes(logs))
    .route("/", summaryRoutes(logs));
}

/**
 * The app as Hono's typed client knows it.
 *
 * @example
 * ```ts
 * import type { App } from "dsgan/http";
 * import { hc } from "hono/client";
 *
 * const { api } = hc<App>("http://127.0.0.1:8080");
 * console.log(String(api.runs.$url())); // http://127.0.0.1:8080/api/runs
 * ```
 */
export type App = ReturnType<typeof createApp>;

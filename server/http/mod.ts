/**
 * Runs over HTTP: a Hono app over a store. All it keeps of its own is what it can read again, so that one `fetch`
 * handler serves Node, Deno, bun and serverless hosts alike, and as many of them at once as one likes.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import { CORE_VERSION, type Store } from "../../core/mod.ts";
import type { Api } from "./api.ts";
import { addPage } from "./assets.ts";
import { addChanging, type NamedScenario } from "./changing.ts";
import { type GuardOptions, guardOf } from "./guard.ts";
import { logsOf } from "./log.ts";
import { metricsOf } from "./metrics.ts";
import { problemResponse, Refusal } from "./problem.ts";
import { addReading } from "./reading.ts";
import type { Job, Runner } from "./runner.ts";
import type { StreamLimits } from "./stream.ts";

export type {
  Api,
  ArtifactsAnswer,
  CancelAnswer,
  ClientOptions,
  EventsPage,
  QueueAnswer,
  RunItem,
  RunSummary,
  RunsPage,
  Series,
  SeriesAnswer,
  StartRequest,
} from "./api.ts";
export { client } from "./api.ts";
export type { NamedScenario } from "./changing.ts";
export type { GuardOptions } from "./guard.ts";
export type { ProblemDetails } from "./problem.ts";
export { Busy, type Job, type JobState, type Runner, type RunOrder } from "./runner.ts";

/** How runs are served. */
export interface AppOptions extends GuardOptions {
  /** Starts, stops and resumes runs; without one those requests are answered 501. */
  readonly runner?: Runner;
  /** Scenarios that can be started by name. */
  readonly scenarios?: () => readonly NamedScenario[];
  /** Plugins, files and URLs that scenarios from outside may name. */
  readonly allow?: readonly string[];
  readonly streams?: StreamLimits;
}

/** A run that goes on has the end of its last sitting as its last event until its trainer is there. */
function orderedOf(runner: Runner | undefined): (id: string) => boolean {
  const waits = ({ state }: Job): boolean => state === "queued" || state === "running";
  return (id) => runner?.jobs().some((job) => waits(job) && (job.run === id || job.title === id)) ?? false;
}

/** Largest body, in bytes: scenarios are a few kilobytes. */
const BODY_BYTES = 256 * 1024;

/**
 * The app over a store. `/openapi.json` tells its routes, and `client` of this module knows them by type.
 *
 * Failed requests are answered as problem details (RFC 9457).
 */
export function app(store: Store, options: AppOptions = {}): Api {
  const { runner, scenarios = () => [], allow = [], streams = {} } = options;
  const routes = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) {
        const issues = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
        throw new Refusal(400, issues.join("; "));
      }
    },
  });
  const metrics = metricsOf(store, runner);
  const guard = guardOf(options);

  routes.onError((error, c) => problemResponse(c, error));
  routes.notFound((c) =>
    problemResponse(
      c,
      new Refusal(404, `there is nothing at ${c.req.path}; /openapi.json tells what there is`),
    ),
  );

  routes.use(metrics.count);
  routes.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      xFrameOptions: "DENY",
      strictTransportSecurity: false, // this is for whoever puts TLS in front to say
      overwrite: false, // some answers have a stricter policy of their own
    }),
  );
  routes.use(guard.check);
  routes.use(
    methodNotAllowed({
      app: routes as never,
      onMethodNotAllowed: (c, methods) =>
        problemResponse(
          c,
          new Refusal(405, `${c.req.method} is not for ${c.req.path}: use ${methods.join(" or ")}`, {
            headers: { Allow: methods.join(", ") },
          }),
        ),
    }),
  );
  const limited = bodyLimit({
    maxSize: BODY_BYTES,
    onError: () => {
      throw new Refusal(413, `the body is larger than the ${BODY_BYTES} bytes that are taken`);
    },
  });
  // Asking a request for its body makes a whole Request of it, which costs a poll as much as all else.
  routes.use((c, next) => (c.req.method === "GET" ? next() : limited(c, next)));
  const [squeeze, tag] = [compress(), etag({ weak: true })];
  routes.use(async (c, next) => {
    if (c.req.path.endsWith("/stream")) return await next(); // has no end to wait for
    c.header("Vary", "Accept-Encoding"); // said afterwards, it would take the answer apart and make it anew
    return await squeeze(c, async () => void (await tag(c, next)));
  });

  routes.post("/api/session", guard.open);
  routes.delete("/api/session", guard.close);
  addReading(routes, { store, logs: logsOf(store, orderedOf(runner)), metrics, limits: streams });
  addChanging(routes, { store, runner, scenarios, allow });
  addPage(routes);

  routes.get("/healthz", (c) => c.json({ status: "ok" }));
  routes.get("/readyz", async (c) => {
    await store.list().catch((error) => {
      throw new Refusal(503, `the store cannot be read: ${error.message}`);
    });
    return c.json({ status: "ok" });
  });
  routes.get("/metrics", async (c) => {
    const { text, type } = await metrics.scrape();
    return c.body(text, 200, { "Content-Type": type, "Cache-Control": "no-store" });
  });
  routes.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  routes.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "dsgan",
      version: CORE_VERSION,
      description: "Runs of dsgan: watch, start, stop and resume them.",
    },
  });
  return routes as unknown as Api;
}

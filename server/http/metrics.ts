/**
 * Metrics for Prometheus. Names and units follow its conventions (https://prometheus.io/docs/practices/naming/). No label
 * gets more values as runs or clients grow in number.
 *
 * @module
 */
import { routePath } from "hono/route";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { glancesOf, type Store } from "../../core/run/store.ts";
import { breaths } from "./breath.ts";
import type { Metrics } from "./counting.ts";
import { STATUSES } from "./requests.ts";
import type { Runner } from "./runner.ts";

/** How often runs are counted, in milliseconds: counting glances at each. */
const COUNT_EVERY = 5000;

/**
 * Counts the requests, streams and runs of one app in this process, for `GET /metrics`.
 *
 * @example
 * ```ts
 * import { createApp } from "dsgan/http";
 * import { prometheusMetrics } from "dsgan/http/node";
 * import { memoryStore } from "dsgan/stores";
 *
 * const store = memoryStore();
 * const app = createApp(store, { metrics: prometheusMetrics(store) });
 * console.log(await (await app.request("/metrics")).text());
 * ```
 */
export function prometheusMetrics(store: Store, runner?: Runner): Metrics {
  const registers = [new Registry()];
  const requests = new Histogram({
    name: "dsgan_http_request_duration_seconds",
    help: "Time to answer, polls that wait and streams left out.",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  const streams = new Gauge({ name: "dsgan_streams", help: "Event streams that are open.", registers });
  const cuts = new Counter({
    name: "dsgan_streams_cut_off_total",
    help: "Event streams ended because their client was too slow.",
    registers,
  });
  const bytes = new Counter({
    name: "dsgan_stream_bytes_total",
    help: "Bytes of events handed to streams.",
    registers,
  });
  let counted = { time: Number.NEGATIVE_INFINITY, runs: new Map<string, number>() };
  const countRuns = async (): Promise<ReadonlyMap<string, number>> => {
    if (performance.now() - counted.time < COUNT_EVERY) return counted.runs;
    const runs = new Map<string, number>();
    const breath = breaths();
    for await (const { status } of glancesOf(store, await store.list())) {
      runs.set(status, (runs.get(status) ?? 0) + 1);
      await breath();
    }
    counted = { time: performance.now(), runs };
    return runs;
  };
  new Gauge({
    name: "dsgan_runs",
    help: "Runs in the store, by how they stand.",
    labelNames: ["status"],
    registers,
    async collect() {
      const runs = await countRuns();
      for (const status of STATUSES) this.set({ status }, runs.get(status) ?? 0);
    },
  });
  if (runner !== undefined) {
    new Gauge({
      name: "dsgan_jobs",
      help: "Runs ordered over HTTP that wait or run.",
      labelNames: ["state"],
      registers,
      collect() {
        for (const state of ["queued", "running"] as const) {
          this.set({ state }, runner.jobs().filter((job) => job.state === state).length);
        }
      },
    });
  }
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the server's process.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the server's process began, seconds since 1970.",
    registers,
  }).set(performance.timeOrigin / 1000);
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Time of the processors that the server's process has had.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });

  return {
    async count(c, next) {
      const began = performance.now();
      await next();
      if (
        c.res.headers.get("Content-Type")?.startsWith("text/event-stream") ||
        Number(c.req.query("wait")) > 0
      )
        return;
      const route = routePath(c, -1);
      requests.observe(
        {
          method: c.req.method === "GET" || c.req.method === "POST" ? c.req.method : "other",
          route: c.res.status === 404 && route.includes("*") ? "none" : route,
          status: String(c.res.status),
        },
        (performance.now() - began) / 1000,
      );
    },
    streams: {
      opened: () => streams.inc(),
      closed: () => streams.dec(),
      cutOff: () => cuts.inc(),
      sent: (count) => bytes.inc(count),
    },
    async scrape() {
      return { text: await registers[0]!.metrics(), type: registers[0]!.contentType };
    },
  };
}

/**
 * Metrics for Prometheus. Names and units follow its conventions (https://prometheus.io/docs/practices/naming/). No label
 * gets more values as runs or clients grow in number.
 *
 * @module
 */
import { routePath } from "hono/route";
import { glancesOf, type Store } from "../../core/run/store.ts";
import { breaths } from "./breath.ts";
import type { Metrics } from "./counting.ts";
import { EXPOSITION_TYPE, exposition, type Metric, newHistogram } from "./exposition.ts";
import { STATUSES } from "./requests.ts";
import type { Runner } from "./runner.ts";

/** How often runs are counted, in milliseconds: counting glances at each. */
const COUNT_EVERY = 5000;
/** Upper bounds of the times to answer, in seconds. */
const TIMES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/**
 * Counts the requests, streams and runs of one app in this process, for `GET /metrics`.
 *
 * @example
 * ```ts
 * import { createApp, prometheusMetrics } from "dsgan/http";
 * import { memoryStore } from "dsgan/stores";
 *
 * const store = memoryStore();
 * const app = createApp(store, { metrics: prometheusMetrics(store) });
 * console.log(await (await app.request("/metrics")).text());
 * ```
 */
export function prometheusMetrics(store: Store, runner?: Runner): Metrics {
  const times = newHistogram(TIMES);
  const streams = { open: 0, cutOff: 0, bytes: 0 };
  const one = (value: () => number) => (): [{ value: number }] => [{ value: value() }];
  const metrics: Metric[] = [
    {
      name: "dsgan_http_request_duration_seconds",
      help: "Time to answer, polls that wait and streams left out.",
      type: "histogram",
      samples: () => times.samples(),
    },
    {
      name: "dsgan_streams",
      help: "Event streams that are open.",
      type: "gauge",
      samples: one(() => streams.open),
    },
    {
      name: "dsgan_streams_cut_off_total",
      help: "Event streams ended because their client was too slow.",
      type: "counter",
      samples: one(() => streams.cutOff),
    },
    {
      name: "dsgan_stream_bytes_total",
      help: "Bytes of events handed to streams.",
      type: "counter",
      samples: one(() => streams.bytes),
    },
    runsMetric(store),
    ...(runner === undefined ? [] : [jobsMetric(runner)]),
    ...processMetrics(),
  ];
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
      times.observe(
        {
          method: c.req.method === "GET" || c.req.method === "POST" ? c.req.method : "other",
          route: c.res.status === 404 && route.includes("*") ? "none" : route,
          status: String(c.res.status),
        },
        (performance.now() - began) / 1000,
      );
    },
    streams: {
      opened: () => void streams.open++,
      closed: () => void streams.open--,
      cutOff: () => void streams.cutOff++,
      sent: (bytes) => {
        streams.bytes += bytes;
      },
    },
    scrape: async () => ({ text: await exposition(metrics), type: EXPOSITION_TYPE }),
  };
}

function runsMetric(store: Store): Metric {
  let counted = { time: Number.NEGATIVE_INFINITY, runs: new Map<string, number>() };
  return {
    name: "dsgan_runs",
    help: "Runs in the store, by how they stand.",
    type: "gauge",
    async samples() {
      if (performance.now() - counted.time >= COUNT_EVERY) {
        const runs = new Map<string, number>();
        const breath = breaths();
        for await (const { status } of glancesOf(store, await store.list())) {
          runs.set(status, (runs.get(status) ?? 0) + 1);
          await breath();
        }
        counted = { time: performance.now(), runs };
      }
      return STATUSES.map((status) => ({ labels: { status }, value: counted.runs.get(status) ?? 0 }));
    },
  };
}

function jobsMetric(runner: Runner): Metric {
  return {
    name: "dsgan_jobs",
    help: "Runs ordered over HTTP that wait or run.",
    type: "gauge",
    samples: () =>
      (["queued", "running"] as const).map((state) => ({
        labels: { state },
        value: runner.jobs().filter((job) => job.state === state).length,
      })),
  };
}

/** What a host tells of its process; nothing where it has none, as in workerd. */
function processMetrics(): Metric[] {
  const here = (globalThis as { process?: Partial<NodeJS.Process> }).process;
  const { cpuUsage, memoryUsage } = here ?? {};
  if (typeof memoryUsage?.rss !== "function" || typeof cpuUsage !== "function") return [];
  return [
    {
      name: "process_resident_memory_bytes",
      help: "Memory of the server's process.",
      type: "gauge",
      samples: () => [{ value: memoryUsage.rss() }],
    },
    {
      name: "process_start_time_seconds",
      help: "When the server's process began, seconds since 1970.",
      type: "gauge",
      samples: () => [{ value: performance.timeOrigin / 1000 }],
    },
    {
      name: "process_cpu_seconds_total",
      help: "Time of the processors that the server's process has had.",
      type: "counter",
      samples() {
        const { user, system } = cpuUsage();
        return [{ value: (user + system) / 1e6 }];
      },
    },
  ];
}

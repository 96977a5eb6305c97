/** Sweeps, workers and curves over seeds, over HTTP. */
import t from "tap";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { overRuns } from "../../server/http/curves.ts";
import { client, createApp } from "../../server/http/mod.ts";
import { answered, fakeRunner, sent } from "./http-fixtures.ts";
import { hosted, jobOf, RATES, SWEEP, training } from "./sweep-fixtures.ts";

const [low, middle] = RATES as [number, number];

async function begun() {
  const store = memoryStore();
  const runner = fakeRunner();
  const workers = async () => [
    {
      ...{ id: "w-1", host: "far", pid: 7, slots: 2, since: "2026-01-01T00:00:00.000Z" },
      jobs: [`${jobOf(low, 1).id}-456789abcdef`],
      traits: { engine: "onnxruntime", processor: "some", threads: 1, versions: { dsgan: "1" } },
    },
  ];
  const app = createApp(store, { runner, workers });
  const get = async (path: string, init?: RequestInit) => await answered(await app.request(path, init));
  const sweep = await hosted(store);
  await sweep.put(low, 0);
  await sweep.put(low, 1);
  const first = await training(store, low, 0);
  await first.steps(1, 100);
  await first.end(0.5);
  await sweep.end(low, 0, 0.5);
  const second = await training(store, low, 1);
  await second.steps(1, 50);
  await sweep.put(middle, 0);
  return { store, runner, app, get, sweep, second };
}

t.test("sweeps are listed with their progress, and tell how they stand", async (t) => {
  const { get, sweep, second } = await begun();
  const { body } = await get("/api/sweeps");
  t.match(body.sweeps, [
    {
      ...{
        sweep: SWEEP,
        name: "demo",
        scenario: "smoke/ring",
        description: "Which rate?",
        status: "running",
      },
      ...{ search: "grid", seeds: [0, 1], goal: { metric: "coverage", direction: "maximize" }, trials: 2 },
      jobs: { put: 3, over: 1, failed: 0, total: 6 },
    },
  ]);
  t.notOk("best" in body.sweeps[0], "no trial has ended");
  await second.end(0.7);
  await sweep.end(low, 1, 0.7);
  const { body: now } = await get(`/api/sweeps/${SWEEP}`);
  t.match(now, {
    best: { trial: jobOf(low, 0).trial, score: 0.6, settings: jobOf(low, 0).settings },
    vary: { "application.optimizer.learningRate": RATES },
    expectations: [],
  });
  t.equal((await get("/api/sweeps/nothing")).status, 404);
  t.equal((await get(`/api/sweeps/${jobOf(low, 0).run}`)).status, 404, "a run is no sweep");
});

t.test("trials have settings, metrics over the seeds, and runs", async (t) => {
  const { get, sweep, second } = await begun();
  const { body } = await get(`/api/sweeps/${SWEEP}/trials`);
  t.same(body.paths, ["application.optimizer.learningRate"]);
  t.same(body.metrics, ["coverage", "outside"]);
  t.match(body.trials, [
    {
      state: "running",
      seeds: [0],
      runs: [
        { seed: 0, state: "ended" },
        { seed: 1, state: "running", share: 0.5 },
      ],
    },
    { state: "running", seeds: [], runs: [{ seed: 0, state: "waiting" }] },
  ]);
  await second.end(0.7);
  await sweep.end(low, 1, 0.7);
  const { trials } = (await get(`/api/sweeps/${SWEEP}/trials`)).body;
  t.match(trials[0], {
    state: "ended",
    scores: [0.6],
    metrics: { coverage: { mean: 0.6, values: [0.5, 0.7] } },
  });
});

t.test("a number that JSON has not is told by its name", async (t) => {
  const { get, sweep, second } = await begun();
  await second.end(0.7);
  const outcome = { kind: "ended", metrics: { coverage: "NaN", outside: "Infinity" } } as const;
  await sweep.tell({ type: "job", job: jobOf(low, 1), outcome });
  const { trials } = (await get(`/api/sweeps/${SWEEP}/trials`)).body;
  t.strictSame(trials[0].metrics.coverage.values, [0.5, "NaN"]);
  t.match(trials[0], {
    scores: ["NaN"],
    metrics: {
      coverage: { mean: "NaN", deviation: "NaN" },
      outside: { mean: "Infinity", values: [0.5, "Infinity"] },
    },
  });
});

t.test("the stream of a sweep tells of its jobs as they end", async (t) => {
  const { app, sweep } = await begun();
  const stream = await app.request(`/api/sweeps/${SWEEP}/stream?types=job`);
  t.equal(stream.headers.get("Content-Type"), "text/event-stream");
  const kinds: string[] = [];
  for await (const { name, data } of sent(stream)) {
    if (name !== "message") break;
    const { job, outcome } = JSON.parse(data);
    kinds.push(`${job.seed} ${outcome?.kind ?? "put"}`);
    if (kinds.length === 4) {
      await sweep.end(low, 1, 0.7);
    }
    if (kinds.length === 5) {
      await sweep.tell({ type: "ended", status: "cancelled", seconds: 1 });
      await sweep.writer.close();
    }
  }
  t.same(kinds, ["0 put", "1 put", "0 ended", "0 put", "1 ended"]);
  t.equal((await app.request(`/api/sweeps/${jobOf(low, 0).run}/stream`)).status, 404);
});

t.test("a sweep is cancelled through the runner, once", async (t) => {
  const { app, get, runner, sweep } = await begun();
  const cancel = () => get(`/api/sweeps/${SWEEP}/cancel`, { method: "POST" });
  t.match(await cancel(), { status: 202, body: { sweep: SWEEP, cancelling: true } });
  t.same(runner.asked, [SWEEP]);
  const bare = createApp(memoryStore());
  t.equal((await bare.request(`/api/sweeps/${SWEEP}/cancel`, { method: "POST" })).status, 501);
  await sweep.writer.close();
  t.match(await cancel(), { status: 409, body: { detail: /is not running/ } });
  const foreign = { method: "POST", headers: { Origin: "http://elsewhere" } };
  t.equal((await app.request(`/api/sweeps/${SWEEP}/cancel`, foreign)).status, 403);
});

t.test("while a sweep has a host, its time goes on although it has nothing to say", async (t) => {
  const { store, get, sweep } = await begun();
  const { last } = await (await store.open(SWEEP)).extent();
  const time = new Date(Date.now() - 3_600_000).toISOString();
  await sweep.writer.append({ seq: last + 1, time, type: "warning", message: "an hour ago" });
  const seconds = async (): Promise<number> => (await get(`/api/sweeps/${SWEEP}`)).body.seconds;
  t.ok((await seconds()) >= 3600);
  await sweep.writer.close();
  t.ok((await seconds()) < 3600, "and not once it has none");
});

t.test("workers tell their load: those of a queue, and the machines of other runs", async (t) => {
  const { get, store } = await begun();
  const other = await training(store, middle, 0);
  await other.steps(1, 20);
  const { workers } = (await get("/api/workers")).body;
  t.match(workers, [
    {
      ...{ id: "w-1", host: "far", slots: 2, threads: 1, isServer: undefined },
      runs: [{ run: jobOf(low, 1).run, share: 0.5 }],
    },
    { host: "this process", processor: "a processor", runs: [{ run: jobOf(middle, 0).run, share: 0.2 }] },
  ]);
  t.equal(workers.length, 2, "the sweep's own process makes no run");
});

t.test("a worker that does not know what it computes on has what its runs tell of it", async (t) => {
  const store = memoryStore();
  const run = await training(store, low, 0);
  await run.steps(1, 20);
  const traits = { engine: "unknown", processor: "unknown", threads: 0, versions: {} };
  const about = { host: "here", pid: 7, slots: 1, since: "2026-01-01T00:00:00.000Z", traits };
  const workers = async () => [
    { id: "w-1", ...about, jobs: [`${jobOf(low, 0).id}-456789abcdef`] },
    { id: "w-2", ...about, jobs: [] },
  ];
  const app = createApp(store, { workers });
  const [busy, idle] = (await answered(await app.request("/api/workers"))).body.workers;
  t.match(busy, { engine: "onnxruntime", processor: "a processor", runs: [{ share: 0.2 }] });
  t.same(Object.keys(idle).sort(), ["host", "id", "isServer", "pid", "runs", "since", "slots"]);
});

t.test("curves over seeds: the mean at each step, and the spread", async (t) => {
  const { app, second } = await begun();
  await second.steps(51, 100);
  const { api } = client("http://localhost", { fetch: async (input, init) => app.request(input, init) });
  const run = [jobOf(low, 0).run, jobOf(low, 1).run];
  const answer = await api.curves.$get({ query: { run, metric: ["criticLoss"], points: 100 } });
  if (!answer.ok) throw new Error("refused");
  const [curve, ...rest] = (await answer.json()).curves;
  t.same(rest, []);
  t.equal(curve!.x.length, 100);
  t.ok(Math.abs(curve!.mean[9]! - (low * 10 + 0.5)) < 1e-9, "of seeds 0 and 1");
  t.ok(Math.abs(curve!.deviation[9]! - Math.SQRT1_2) < 1e-9);
  t.ok(curve!.n.every((n) => n === 2));
  const part = await answered(await app.request(`/api/curves?run=${run[0]}&metric=criticLoss&from=40&to=60`));
  const { x } = part.body.curves[0];
  t.ok(
    x.length >= 21 && x.length <= 23 && x[0] >= 39 && x.at(-1) <= 61,
    "a stretch of steps, and those beside it",
  );
  t.equal((await app.request("/api/curves")).status, 400);
  t.equal((await app.request("/api/curves?run=nothing")).status, 404);
});

t.test("overRuns() takes the mean of stretches, whatever steps each run has", (t) => {
  const line = (x: number[], y: number[]) => ({ x: Float64Array.from(x), y: Float64Array.from(y) });
  t.same(overRuns([line([1, 2, 3], [1, 2, 3]), line([1, 2], [3, Number.NaN])], 10), {
    ...{ x: [1, 2, 3], mean: [2, 2, 3], deviation: [Math.SQRT2, 0, 0], n: [2, 1, 1] },
  });
  const long = Array.from({ length: 1000 }, (_, i) => i);
  const thin = overRuns(
    [
      line(
        long,
        long.map((x) => x % 2),
      ),
    ],
    10,
  );
  t.equal(thin.x.length, 10);
  t.ok(
    thin.mean.every((y) => Math.abs(y - 0.5) < 0.02),
    "noise is averaged, not sampled",
  );
  t.same(overRuns([line([], [])], 10), { x: [], mean: [], deviation: [], n: [] });
  t.end();
});

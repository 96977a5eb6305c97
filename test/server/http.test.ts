/** The app through its front door, over a store in memory. */
import { gunzipSync } from "node:zlib";
import t from "tap";
import { InputError } from "../../core/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { Busy, createApp, type Job, type RunOrder } from "../../server/http/mod.ts";
import { ended, event, fakeRunner, progress, range, result, running, sent, stage } from "./http-fixtures.ts";

t.test("a run whose folder is all there is may have a writer that has yet to lock it", async (t) => {
  const when = (ms: number): string =>
    new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  const [old, young] = [0, Date.now()].map((ms) => `demo-${when(ms)}-abcd`) as [string, string];
  const door = createApp(folderStore({ folder: t.testdir({ [old]: {}, [young]: {} }) }));
  const poll = async (run: string) => await (await door.request(`/api/runs/${run}/events`)).json();
  t.match(await poll(old), { events: [], done: true });
  t.match(await poll(young), { events: [], done: false });
  await new Promise((resolve) => setTimeout(resolve, 3100)); // names tell whole seconds
  t.match(await poll(young), { events: [], done: true }, "but not for long");
});

t.test("GET /api/runs lists runs, newest first, by status, scenario and tag, in pages", async (t) => {
  const store = memoryStore();
  const door = createApp(store);
  const list = async (query = "") => {
    const answer = await door.request(`/api/runs${query}`);
    return (await answer.json()) as { runs: { run: string; status: string }[]; next: string | null };
  };
  t.same(await list(), { runs: [], next: null });
  for (const [i, name] of ["a", "b", "a", "ab", "a"].entries()) {
    const writer = await store.create(name);
    await writer.write("scenario.yaml", `name: ${name}\ntags:\n  - n${i % 2}\n`);
    if (i > 0)
      await writer.write("result.json", JSON.stringify({ ...result, status: i === 1 ? "missed" : "passed" }));
    if (i < 4) await writer.close();
  }
  const names = (page: { runs: { run: string }[] }) => page.runs.map(({ run }) => run);
  t.same(names(await list()), ["a-5", "ab-4", "a-3", "b-2", "a-1"]);
  t.same(
    (await list()).runs.map(({ status }) => status),
    ["running", "passed", "passed", "missed", "abandoned"],
  );
  t.same(names(await list("?status=passed")), ["ab-4", "a-3"]);
  t.same(names(await list("?status=missed,running")), ["a-5", "b-2"]);
  t.same(names(await list("?scenario=a")), ["a-5", "a-3", "a-1"]);
  t.same(names(await list("?tag=n1")), ["ab-4", "b-2"]);
  t.same(names(await list("?tag=n1&scenario=b")), ["b-2"]);
  const seen: string[] = [];
  let pages = 0;
  for (let cursor: string | null = ""; cursor !== null; pages++) {
    const page = await list(`?limit=2${cursor && `&cursor=${cursor}`}`);
    seen.push(...names(page));
    cursor = page.next;
  }
  t.same(seen, ["a-5", "ab-4", "a-3", "b-2", "a-1"]);
  t.equal(pages, 3);
  t.equal((await door.request("/api/runs?cursor=gone-1")).status, 410);
  t.equal((await door.request("/api/runs?status=nice")).status, 400);
  t.equal((await door.request("/api/runs?limit=0")).status, 400);
});

t.test("GET /api/runs/:id tells how a run stands", async (t) => {
  const { writer, get } = await running();
  const engine = { name: "cpu", version: "1", device: "d", reason: "r" };
  const started = { run: writer.id, scenario: "demo", application: "toy", seed: 7, engine, location: "here" };
  await writer.append(event(1, { type: "started", ...started }));
  await writer.append(event(2, { type: "stage", stage: "train", steps: 1000 }));
  for (let i = 1; i <= 50; i++) await writer.append(progress(2 + i, i * 10, { loss: 1 / i }));
  await writer.append(event(53, { type: "warning", message: "careful" }));
  await writer.write("scenario.yaml", "name: demo\nexpect:\n  x: { atLeast: 2 }\n");
  const { body } = await get("/api/runs/:id");
  t.match(body, {
    run: writer.id,
    status: "running",
    events: 53,
    application: "toy",
    seed: 7,
    engine,
    stages: [{ stage: "train", step: 500, steps: 1000 }],
    series: [{ stage: "train", metric: "loss", count: 50 }],
    warnings: ["careful"],
    expected: [{ metric: "x", expected: "at least 2" }],
  });
  t.ok(Math.abs(body.rate - 1000) < 1, `${body.rate}: ten steps in ten milliseconds`);
  t.ok(Math.abs(body.left - 0.5) < 0.01, `${body.left} s for the other 500`);

  t.equal((await get("/api/runs/:id/result")).status, 404);
  await writer.append(event(54, { type: "metrics", values: { x: 1 } }));
  const judged = { metric: "x", expected: "at least 2", value: 1, met: false };
  await writer.append(event(55, { type: "expectation", ...judged }));
  await writer.write("result.json", JSON.stringify({ ...result, status: "missed", expectations: [judged] }));
  await writer.append(event(56, { type: "ended", status: "missed", seconds: 3 }));
  const after = (await get("/api/runs/:id")).body;
  t.match(after, {
    status: "missed",
    events: 56,
    metrics: { x: 1 },
    expectations: [judged],
    result: { status: "missed" },
  });
  t.notOk("rate" in after || "left" in after, "nothing is left to do");
  t.same((await get("/api/runs/:id/result")).body.status, "missed");
});

t.test("GET /api/runs/:id/scenario gives the scenario as it was run", async (t) => {
  const { writer, get } = await running();
  await writer.write("scenario.yaml", "name: demo\n");
  const { headers, body } = await get("/api/runs/:id/scenario");
  t.equal(body, "name: demo\n");
  t.match(headers.get("Content-Type"), /^application\/yaml/);
});

t.test("GET /api/runs/:id/events pages by number, to a reader's end without gap or repeat", async (t) => {
  const { writer, get } = await running();
  for (let seq = 1; seq <= 2500; seq++) await writer.append(stage(seq));
  await writer.write("result.json", JSON.stringify(result));
  await writer.append(ended(2501));
  const seen: number[] = [];
  for (let since = 0, done = false; !done; ) {
    const { body } = await get(`/api/runs/:id/events?since=${since}`);
    seen.push(...body.events.map(({ seq }: { seq: number }) => seq));
    ({ next: since, done } = body);
  }
  t.strictSame(seen, range(1, 2501));
  t.same((await get("/api/runs/:id/events?since=2501")).body, { events: [], next: 2501, done: true });
  t.same((await get("/api/runs/:id/events?since=10&limit=2")).body, {
    events: [stage(11), stage(12)],
    next: 12,
    done: false,
  });
});

t.test("GET /api/runs/:id/events?types= leaves others out, and goes past them", async (t) => {
  const { writer, get } = await running();
  await writer.append(stage(1));
  for (let seq = 2; seq <= 100; seq++) await writer.append(progress(seq, seq, { loss: 1 }));
  await writer.append(event(101, { type: "warning", message: "w" }));
  const only = await get("/api/runs/:id/events?types=stage,warning");
  t.same(
    only.body.events.map(({ seq }: { seq: number }) => seq),
    [1, 101],
  );
  t.equal(only.body.next, 101);
  t.same((await get("/api/runs/:id/events?types=ended")).body, { events: [], next: 101, done: false });
  const waiting = get("/api/runs/:id/events?types=ended&since=5&wait=30");
  await writer.append(stage(102));
  await writer.append(ended(103));
  t.same((await waiting).body, { events: [ended(103)], next: 103, done: true });
});

t.test(
  "GET /api/runs/:id/events?wait= answers with the first event that comes, or when the time is up",
  async (t) => {
    const { writer, get } = await running();
    const waiting = get("/api/runs/:id/events?wait=30");
    await writer.append(stage(1));
    t.same((await waiting).body, { events: [stage(1)], next: 1, done: false });
    t.same((await get("/api/runs/:id/events?since=1&wait=0.05")).body, { events: [], next: 1, done: false });
    const last = get("/api/runs/:id/events?since=1&wait=30");
    await writer.close();
    t.same((await last).body, { events: [], next: 1, done: true }, "nobody writes it any more");
  },
);

t.test("GET /api/runs/:id/events answers 304 while nothing is new, and gzips what is long", async (t) => {
  const { writer, get, raw } = await running();
  for (let seq = 1; seq <= 100; seq++) await writer.append(stage(seq));
  const first = await get("/api/runs/:id/events");
  const tag = first.headers.get("ETag")!;
  const again = { headers: { "If-None-Match": tag } };
  t.equal((await get("/api/runs/:id/events", again)).status, 304);
  t.equal((await get("/api/runs/:id/events?since=1", again)).status, 200, "another page");
  await writer.append(stage(101));
  t.equal((await get("/api/runs/:id/events", again)).status, 200, "there is something new");
  const packed = await raw("/api/runs/:id/events", { headers: { "Accept-Encoding": "gzip" } });
  t.equal(packed.headers.get("Content-Encoding"), "gzip");
  const text = gunzipSync(new Uint8Array(await packed.arrayBuffer())).toString();
  t.equal(JSON.parse(text).events.length, 101);
});

t.test("a cursor from another generation is 410", async (t) => {
  const { writer, get } = await running();
  for (let seq = 1; seq <= 5; seq++) await writer.append(stage(seq));
  for (const path of ["/events?since=6", "/events?since=6&wait=30", "/stream?since=6"]) {
    const { status, body } = await get(`/api/runs/:id${path}`);
    t.equal(status, 410, path);
    t.match(body.detail, /5 events.*since=0/);
  }
  const resumed = await get("/api/runs/:id/stream", { headers: { "Last-Event-ID": "9" } });
  t.equal(resumed.status, 410);
});

t.test("GET /api/runs/:id/stream gives every event once, then says that it was the last", async (t) => {
  const { writer, raw } = await running();
  for (let seq = 1; seq <= 700; seq++) await writer.append(stage(seq));
  const answer = await raw("/api/runs/:id/stream?since=10", { headers: { "Last-Event-ID": "20" } });
  t.match(answer.headers.get("Content-Type"), /^text\/event-stream/);
  const seen: number[] = [];
  let name = "";
  for await (const message of sent(answer)) {
    name = message.name;
    if (name !== "message") break;
    t.equal(String(JSON.parse(message.data).seq), message.id, "numbered by id");
    seen.push(Number(message.id));
    if (message.id === "700") {
      for (let seq = 701; seq <= 705; seq++) await writer.append(stage(seq));
      await writer.append(ended(706));
    }
  }
  t.strictSame(seen, range(21, 706), "Last-Event-ID goes before since");
  t.equal(name, "end");
  const over = await raw("/api/runs/:id/stream", { headers: { "Last-Event-ID": "706" } });
  t.equal(over.status, 204, "a browser that comes back is told to stop");
  t.equal((await raw("/api/runs/:id/stream", { method: "HEAD" })).body, null);
  const bad = await raw("/api/runs/:id/stream", { headers: { "Last-Event-ID": "x" } });
  t.equal(bad.status, 400);
});

t.test("GET /api/runs/:id/stream begins with retry, and beats while nothing happens", async (t) => {
  const { writer, raw } = await running({ streams: { heartbeat: 20 } });
  await writer.append(stage(1));
  const reader = (await raw("/api/runs/:id/stream")).body!.getReader();
  let text = "";
  while (!text.endsWith(":\n\n")) text += new TextDecoder().decode((await reader.read()).value);
  t.match(text, /^retry: [123]\d{3}\n/);
  await reader.cancel();
});

t.test("GET /api/runs/:id/stream does not beat while events come", async (t) => {
  const { writer, raw } = await running({ streams: { heartbeat: 800 } });
  const reader = (await raw("/api/runs/:id/stream")).body!.getReader();
  let text = "";
  for (let seq = 1; seq <= 8; seq++) {
    await writer.append(stage(seq));
    while (!text.includes(`id: ${seq}\n`)) text += new TextDecoder().decode((await reader.read()).value);
    await new Promise((resolve) => setTimeout(resolve, 150)); // a beat's time all in all, and half of another
  }
  t.notMatch(text, /^:$/m);
  await reader.cancel();
});

t.test("a slow client is cut off and told how to go on; what it missed is still there", async (t) => {
  const limits = { behind: 100, patience: 100, stalled: 60_000 };
  const { writer, raw } = await running({ streams: limits });
  await writer.append(stage(1));
  const stream = sent(await raw("/api/runs/:id/stream"));
  t.equal((await stream.next()).value!.id, "1");
  await new Promise((resolve) => setTimeout(resolve, 300)); // it has kept up until now
  for (let seq = 2; seq <= 5000; seq++)
    await writer.append({ ...stage(seq), ...{ padding: "x".repeat(200) } });
  await new Promise((resolve) => setTimeout(resolve, 1000)); // and takes nothing while the run goes on
  const seen: number[] = [1];
  let end: { next: number; resume: string } | undefined;
  for await (const { name, id, data } of stream) {
    if (name === "message") seen.push(Number(id));
    else {
      t.equal(name, "slow");
      end = JSON.parse(data);
    }
  }
  t.ok(seen.length < 3000, `${seen.length} events were under way to it`);
  t.strictSame(seen, range(1, end!.next));
  const again = sent(await raw(end!.resume));
  t.equal((await again.next()).value!.id, String(end!.next + 1));
  await again.return(undefined);
  t.match(
    (await raw("/metrics")).body && (await (await raw("/metrics")).text()),
    /dsgan_streams_cut_off_total 1\n/,
  );
});

t.test("GET /api/runs/:id/series draws a long run in few points, extremes kept", async (t) => {
  const { writer, get } = await running();
  const n = 20_000;
  for (let i = 1; i <= n; i++) {
    const y = i === 12_345 ? 99 : i === 777 ? -99 : Math.sin(i / 500);
    await writer.append(progress(i, i, { loss: y, other: i }));
  }
  const { body } = await get("/api/runs/:id/series?metric=loss&points=500");
  t.equal(body.last, n);
  const [{ x, y, count, metric }] = body.series;
  t.equal(body.series.length, 1);
  t.equal(metric, "loss");
  t.equal(count, n);
  t.ok(x.length <= 500 && x.length > 400, `${x.length} points`);
  t.ok(
    x.every((step: number, i: number) => i === 0 || step > x[i - 1]),
    "steps go up",
  );
  t.equal(y[x.indexOf(12_345)], 99, "the highest stays");
  t.equal(y[x.indexOf(777)], -99, "the lowest stays");
  t.same([x[0], x.at(-1)], [1, n], "both ends stay");
  const part = (await get("/api/runs/:id/series?metric=loss&points=500&from=12300&to=12400")).body.series[0];
  t.equal(part.count, 103, "a stretch of it, and a point on either side");
  t.same(
    (await get("/api/runs/:id/series?points=4")).body.series.map((s: { metric: string }) => s.metric),
    ["loss", "other"],
  );
  const unknown = await get("/api/runs/:id/series?metric=los");
  t.equal(unknown.status, 404);
  t.match(unknown.body.detail, /loss, other/);
  t.equal((await get("/api/runs/:id/series?points=1")).status, 400);
});

t.test("GET /api/runs/:id/series takes a number that is none as a gap", async (t) => {
  const { writer, get } = await running();
  await writer.append(progress(1, 1, { loss: 1 }));
  await writer.append(progress(2, 2, { loss: Number.NaN }));
  await writer.append(progress(3, 3, { loss: 3, 'odd "name", with: signs': 4 }));
  const { series } = (await get("/api/runs/:id/series")).body;
  t.same(series[0].y, [1, null, 3]);
  t.same(series[1], { stage: "train", metric: 'odd "name", with: signs', count: 1, x: [3], y: [4] });
});

t.test("GET /api/runs/:id/artifacts lists files and gives them", async (t) => {
  const { writer, get, raw } = await running();
  await writer.append(event(1, { type: "stage", stage: "train" }));
  await writer.append(progress(2, 40, {}));
  await writer.write("artifacts/deep/a b.png", Uint8Array.of(137, 80));
  await writer.append(
    event(3, { type: "artifact", path: "artifacts/deep/a b.png", title: "A", bytes: 2, sha256: "" }),
  );
  const { artifacts } = (await get("/api/runs/:id/artifacts")).body;
  t.match(artifacts, [{ path: "artifacts/deep/a b.png", title: "A", bytes: 2, step: 40 }]);
  const file = await raw("/api/runs/:id/artifacts/deep/a%20b.png");
  t.equal(file.headers.get("Content-Type"), "image/png");
  t.same([...new Uint8Array(await file.arrayBuffer())], [137, 80]);
  t.equal((await raw("/api/runs/:id/artifacts/absent.png")).status, 404);
});

t.test("failed requests are problem details", async (t) => {
  const { get } = await running();
  const unknown = await get("/api/runs/nope/events");
  t.equal(unknown.status, 404);
  t.equal(unknown.headers.get("Content-Type"), "application/problem+json");
  t.match(unknown.body, { type: "about:blank", title: "Not Found", status: 404, detail: /nope/ });
  for (const query of ["since=x", "since=-1", "since=1.5", "wait=61", "limit=0", "limit=99999999"]) {
    const { status, body } = await get(`/api/runs/:id/events?${query}`);
    t.equal(status, 400, query);
    t.match(body, { status: 400, detail: new RegExp(query.split("=")[0]!) });
  }
  t.equal((await get("/api/nothing")).status, 404);
  const method = await get("/api/runs/:id/events", { method: "PUT" });
  t.equal(method.status, 405);
  t.match(method.headers.get("Allow"), /GET/);
});

t.test("POST is answered 501 by a host that only reads", async (t) => {
  const { get } = await running();
  for (const path of ["/api/runs", "/api/runs/:id/cancel", "/api/runs/:id/resume"]) {
    const { status, body } = await get(path, { method: "POST" });
    t.equal(status, 501, path);
    t.match(body.detail, /only shows/);
  }
});

const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

t.test("POST /api/runs takes a scenario as YAML, as JSON, or by name", async (t) => {
  const runner = fakeRunner();
  const named = {
    name: "smoke/ring",
    description: "",
    text: "name: ring\napplication: x\n",
    file: "f",
    base: "file:///f",
  };
  const { get } = await running({ runner, scenarios: () => [named] });
  const yaml = "name: mine\napplication: toy\n";
  const first = await get("/api/runs", {
    method: "POST",
    headers: { "Content-Type": "application/yaml" },
    body: yaml,
  });
  t.equal(first.status, 201);
  t.equal(first.headers.get("Location"), "/api/runs/demo-9");
  t.match(runner.asked.pop(), { text: yaml, overrides: [] });
  await get(
    "/api/runs",
    json({ scenario: { name: "m", application: "toy" }, set: { "application.steps": 5, "a.b": "x" } }),
  );
  const order = runner.asked.pop() as RunOrder;
  t.same(JSON.parse(order.text), { name: "m", application: "toy" });
  t.same(order.overrides, [
    { path: "application.steps", value: "5" },
    { path: "a.b", value: '"x"' },
  ]);
  await get("/api/runs", json({ name: "m", application: "toy" }));
  t.same(
    JSON.parse((runner.asked.pop() as RunOrder).text),
    { name: "m", application: "toy" },
    "a bare document",
  );
  for (const name of ["smoke/ring", "ring"]) {
    t.equal((await get("/api/runs", json({ scenario: name }))).status, 201);
    t.match(runner.asked.pop(), { text: named.text, file: "f" });
  }
  const unknown = await get("/api/runs", json({ scenario: "../../etc/passwd" }));
  t.equal(unknown.status, 422);
  t.match(unknown.body.detail, /smoke\/ring/);
  t.equal((await get("/api/runs", json({ scenario: 5 }))).status, 400);
  t.equal((await get("/api/runs", { ...json({}), body: "{" })).status, 400);
  t.equal((await get("/api/runs", { method: "POST" })).status, 400);
  t.equal((await get("/api/runs", { ...json({}), headers: { "Content-Type": "image/png" } })).status, 415);
  t.same(runner.asked, []);
});

t.test("POST tells of a full queue, a bad scenario, and what cannot be stopped or resumed", async (t) => {
  const full = await running({
    runner: fakeRunner({
      start: () => Promise.reject(new Busy("the queue is full", 29.5)),
      resume: () => Promise.reject(new InputError([{ path: "a.b", message: "is wrong", line: 3 }])),
      cancel: () => false,
    }),
  });
  const busy = await full.get("/api/runs", json({ application: "toy" }));
  t.equal(busy.status, 429);
  t.equal(busy.headers.get("Retry-After"), "30");
  const stop = await full.get("/api/runs/:id/cancel", { method: "POST" });
  t.equal(stop.status, 409, "it runs in another process");
  t.equal((await full.get("/api/runs/:id/resume", { method: "POST" })).status, 409, "it is running");
  await full.writer.close();
  const bad = await full.get("/api/runs/:id/resume", { method: "POST" });
  t.equal(bad.status, 422);
  t.same(bad.body.problems, [{ path: "a.b", message: "is wrong", line: 3 }]);
  t.equal((await full.get("/api/runs/nope/resume", { method: "POST" })).status, 404);

  const able = await running({ runner: fakeRunner() });
  t.equal((await able.get("/api/runs/:id/cancel", { method: "POST" })).status, 202);
  await able.writer.write("result.json", JSON.stringify(result));
  await able.writer.close();
  t.equal((await able.get("/api/runs/:id/resume", { method: "POST" })).status, 409, "it has passed");
});

t.test("a run that was ordered to go on is not done before it has", async (t) => {
  let state: Job["state"] | undefined;
  const jobs = (): Job[] => (state ? [{ ticket: "t-1", state, title: writer.id, ahead: 0 }] : []);
  const { writer, get } = await running({ runner: fakeRunner({ jobs }) });
  const done = async (since: number) => (await get(`/api/runs/:id/events?since=${since}`)).body.done;
  await writer.append(stage(1));
  await writer.append(ended(2));
  t.equal(await done(2), true);
  state = "queued";
  t.equal(await done(2), false, "it waits for its turn");
  state = "running";
  t.equal(await done(2), false, "its trainer is on its way");
  await writer.append(stage(3));
  t.equal(await done(3), false);
  await writer.append(ended(4));
  t.equal(await done(4), true, "its last word is enough, whatever the job still does");
  state = "failed";
  t.equal(await done(4), true);
});

t.test("a run that could not go on is done again", async (t) => {
  let jobs: Job[] = [];
  const { writer, get } = await running({ runner: fakeRunner({ jobs: () => jobs }) });
  const done = async () => (await get("/api/runs/:id/events?since=1")).body.done;
  await writer.append(ended(1));
  jobs = [{ ticket: "t-1", state: "running", title: writer.id, ahead: 0 }];
  t.equal(await done(), false);
  jobs = [{ ticket: "t-1", state: "failed", title: writer.id, ahead: 0, error: "no checkpoint" }];
  t.equal(await done(), true);
});

t.test("GET /metrics, /healthz, /readyz tell how the server is", async (t) => {
  const { writer, get } = await running({ runner: fakeRunner() });
  for (let i = 0; i < 3; i++) await get(`/api/runs/x${i}`);
  await get("/api/runs/:id/events");
  const { body, headers } = await get("/metrics");
  t.match(headers.get("Content-Type"), /^text\/plain; version=0\.0\.4/);
  t.match(body, /dsgan_runs\{status="running"\} 1\n/);
  t.match(body, /dsgan_jobs\{state="running"\} 1\n/);
  t.match(
    body,
    /dsgan_http_request_duration_seconds_count\{method="GET",route="\/api\/runs\/:id",status="404"\} 3\n/,
  );
  t.notMatch(body, writer.id, "no label grows with the runs");
  t.notMatch(body, /x[012]/);
  t.same((await get("/healthz")).body, { status: "ok" });
  t.same((await get("/readyz")).body, { status: "ok" });
  t.equal((await createApp(memoryStore()).request("/metrics")).status, 501, "nothing counts");
  const broken = createApp({ ...memoryStore(), list: () => Promise.reject(new Error("the disk is gone")) });
  const answer = await broken.request("/readyz");
  t.equal(answer.status, 503);
  t.match((await answer.json()) as object, { detail: /the disk is gone/ });
});

t.test("GET /openapi.json has every route, from the schemas that check requests", async (t) => {
  const { get } = await running();
  const { body } = await get("/openapi.json");
  t.match(body, { openapi: "3.1.0" });
  t.same(Object.keys(body.paths).sort(), [
    "/api/curves",
    "/api/queue",
    "/api/queue/{ticket}",
    "/api/runs",
    "/api/runs/{id}",
    "/api/runs/{id}/artifacts",
    "/api/runs/{id}/artifacts/{path}",
    "/api/runs/{id}/cancel",
    "/api/runs/{id}/environment",
    "/api/runs/{id}/events",
    "/api/runs/{id}/notes",
    "/api/runs/{id}/report",
    "/api/runs/{id}/result",
    "/api/runs/{id}/resume",
    "/api/runs/{id}/scenario",
    "/api/runs/{id}/search",
    "/api/runs/{id}/series",
    "/api/runs/{id}/stream",
    "/api/runs/{id}/summary",
    "/api/scenarios",
    "/api/sweeps",
    "/api/sweeps/{id}",
    "/api/sweeps/{id}/cancel",
    "/api/sweeps/{id}/stream",
    "/api/sweeps/{id}/trials",
    "/api/table",
    "/api/workers",
  ]);
  const wait = body.paths["/api/runs/{id}/events"].get.parameters.find(
    (p: { name: string }) => p.name === "wait",
  );
  t.match(wait, { in: "query", schema: { type: "number", minimum: 0, maximum: 60 } });
  const operations = Object.values<Record<string, { operationId: string; responses: object }>>(
    body.paths,
  ).flatMap((path) => Object.values(path));
  const names = operations.map(({ operationId }) => operationId);
  t.ok(
    names.every((name) => /^[a-z][A-Za-z]+$/.test(name)),
    `${names}`,
  );
  t.equal(new Set(names).size, names.length, "each operation has a name of its own");
  for (const { operationId, responses } of operations) {
    const statuses = Object.keys(responses);
    t.ok(statuses.some((status) => status.startsWith("2")) && statuses.includes("4XX"), operationId);
  }
  const { post } = body.paths["/api/runs"];
  t.equal(post.requestBody.required, true);
  t.same(Object.keys(post.responses), ["201", "202", "4XX", "5XX"]);
  t.same(Object.keys(body.paths["/api/runs/{id}/resume"].post.responses), ["201", "202", "4XX", "5XX"]);
  const status = body.paths["/api/runs"].get.parameters.find((p: { name: string }) => p.name === "status");
  t.match(status.schema, { type: "array", items: { enum: ["running", "passed"] } });
  t.same(body.security, [{ token: [] }, {}], "where no token is set, none is needed");
  t.match(body.components.securitySchemes.token, { scheme: "bearer" });
});

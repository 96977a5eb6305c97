/** The table of runs, notes on them, removing them, and finding events, over HTTP. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t from "tap";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { createApp } from "../../server/http/app.ts";
import { type EndNotice, sendNotice, watchEnds } from "../../server/http/ends.ts";
import { publishedRuns } from "../../server/http/mod.ts";
import { answered } from "./http-fixtures.ts";
import { hosted, jobOf, SWEEP, training } from "./sweep-fixtures.ts";

async function kept(options = { edit: true }) {
  const store = memoryStore();
  const app = createApp(store, options);
  const get = async (path: string, init?: RequestInit) => await answered(await app.request(path, init));
  const put = (path: string, body: unknown, headers = {}) =>
    get(path, {
      method: "PUT",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...headers },
    });
  for (const [rate, seed] of [
    [0.001, 0],
    [0.001, 1],
    [0.01, 0],
  ] as const) {
    const run = await training(store, rate, seed);
    await run.steps(1, 20);
    await run.end(10 * rate + 0.1 * seed);
  }
  return { store, get, put };
}
const RUN = jobOf(0.001, 1).run;

t.test("rows have what tells runs apart, and what they came to", async (t) => {
  const { store, get } = await kept();
  const sweep = await hosted(store);
  await sweep.put(0.01, 0);
  const running = await training(store, 0.1, 0);
  await running.steps(1, 25);
  const { status, body } = await get("/api/table");
  t.equal(status, 200);
  t.match(body, { pending: 0, canEdit: true });
  t.same(
    body.rows.map((row: { run: string }) => row.run),
    [jobOf(0.1, 0).run, jobOf(0.01, 0).run, RUN, jobOf(0.001, 0).run],
    "newest first, without the sweep",
  );
  t.match(body.rows, [
    { status: "running", share: 0.25, seed: 0, options: { "application.rate": 0.1 } },
    { sweep: SWEEP, options: { "application.rate": 0.01 }, metrics: { coverage: 0.1 } },
    { seed: 1, metrics: { coverage: 0.11, outside: 0.89 }, seconds: 2 },
    { seed: 0, options: { "application.rate": 0.001 } },
  ]);
  t.same(
    Object.keys(body.rows[0].options),
    ["application.rate"],
    "only options that differ, without the seed",
  );
  t.equal((await get("/api/table?limit=2")).body.rows.length, 2);
});

t.test("notes are kept in the run, and shown", async (t) => {
  const { store, get, put } = await kept();
  t.same((await get(`/api/runs/${RUN}/notes`)).body, {});
  const notes = { name: "the good one", note: "look at this", tags: ["best"], archived: true };
  t.match(await put(`/api/runs/${RUN}/notes`, notes), { status: 200, body: notes });
  t.same((await get(`/api/runs/${RUN}/notes`)).body, notes);
  const row = (await get("/api/table")).body.rows.find(({ run }: { run: string }) => run === RUN);
  t.match(row, { name: "the good one", tags: ["best"], own: ["best"], archived: true });
  t.equal((await store.glance(RUN)).status, "passed", "the run is as it was");
  t.equal((await put(`/api/runs/${RUN}/notes`, { colour: "red" })).status, 400);
  t.equal((await put("/api/runs/nothing/notes", {})).status, 404);
});

t.test("runs are removed, but none that is being written, and nothing of another site's will", async (t) => {
  const { store, get, put } = await kept();
  const running = await training(store, 0.1, 0);
  const { run } = jobOf(0.1, 0);
  const remove = (id: string, headers = {}) => get(`/api/runs/${id}`, { method: "DELETE", headers });
  t.match(await remove(run), { status: 409, body: { detail: /is being written/ } });
  t.match(await put(`/api/runs/${run}/notes`, {}), { status: 409 });
  await running.writer.close();
  const foreign = { Origin: "http://elsewhere" };
  t.equal((await remove(RUN, foreign)).status, 403);
  t.equal((await put(`/api/runs/${RUN}/notes`, {}, foreign)).status, 403);
  t.match(await remove(RUN), { status: 200, body: { run: RUN, removed: true } });
  t.equal((await get(`/api/runs/${RUN}`)).status, 404);
  t.notOk((await store.list()).includes(RUN));
  t.equal((await remove(RUN)).status, 404);
  t.notOk((await get("/api/table")).body.rows.some((row: { run: string }) => row.run === RUN));
});

t.test("a host that only shows runs changes none", async (t) => {
  const { get, put, store } = await kept({ edit: false });
  t.equal((await put(`/api/runs/${RUN}/notes`, {})).status, 501);
  t.equal((await get(`/api/runs/${RUN}`, { method: "DELETE" })).status, 501);
  t.equal((await get("/api/table")).body.canEdit, false);
  t.equal((await store.glance(RUN)).status, "passed");
  const files = new Map([["demo-20260101-120000-abcd/scenario.yaml", "name: demo\nseed: 4\n"]]);
  const published = createApp(
    publishedRuns({
      list: async () => ["demo-20260101-120000-abcd"],
      read: async (run, path) => {
        const text = files.get(`${run}/${path}`);
        return text === undefined ? undefined : new TextEncoder().encode(text);
      },
    }),
    { edit: true },
  );
  const answer = await published.request("/api/runs/demo-20260101-120000-abcd/notes", {
    ...{ method: "PUT", body: "{}", headers: { "Content-Type": "application/json" } },
  });
  t.equal(answer.status, 409, "a store that is read only says so");
});

t.test("events are found by a word, page by page", async (t) => {
  const { get } = await kept();
  const path = `/api/runs/${RUN}/search`;
  const first = (await get(`${path}?text=CRITIC&limit=5`)).body;
  t.same(
    first.events.map(({ step }: { step: number }) => step),
    [1, 2, 3, 4, 5],
  );
  t.equal(first.done, false);
  const second = (await get(`${path}?text=critic&limit=100&since=${first.next}`)).body;
  t.equal(second.events.length, 15);
  t.equal(second.done, true);
  t.match((await get(`${path}?text=coverage&types=metrics`)).body.events, [{ type: "metrics" }]);
  t.same((await get(`${path}?text=nowhere`)).body.events, []);
  t.equal((await get(`${path}?text=`)).status, 400);
});

t.test("a run's words are given as HTML in which nothing acts", async (t) => {
  const { store, get } = await kept();
  const writer = await store.create("words");
  await writer.write(
    "artifacts/summary.md",
    "# A\n\n<img src=x onerror=alert(1)>\n\n| a | b |\n| - | - |\n| 1 | 2 |\n",
  );
  const file = { path: "artifacts/summary.md", title: "Words", bytes: 1, sha256: "" };
  await writer.append({ seq: 1, time: new Date().toISOString(), type: "artifact", ...file });
  const { body, headers } = await get(`/api/runs/${writer.id}/summary`);
  t.match(body, "<h3>A</h3>");
  t.match(body, "&lt;img src=x");
  t.match(body, /<td>2<\/td>/);
  t.match(headers.get("Content-Security-Policy"), /sandbox/);
  t.equal((await get(`/api/runs/${RUN}/summary`)).body, "");
});

t.test("the end of a run and of a sweep is told once, to a URL that may be away for a while", async (t) => {
  const { store } = await kept();
  const notices: EndNotice[] = [];
  const running = await training(store, 0.1, 0);
  const end = watchEnds(store, (notice) => notices.push(notice), 0.02);
  t.teardown(end);
  const settled = () => new Promise((resolve) => setTimeout(resolve, 100));
  await settled();
  t.same(notices, [], "what had ended before is not told");
  await running.end(0.3);
  const sweep = await hosted(store);
  await settled();
  const result = {
    run: SWEEP,
    scenario: "demo",
    status: "failed",
    metrics: {},
    expectations: [],
    seconds: 7,
  };
  const error = { kind: "run", message: "no trial has come to its end\nmore" };
  await sweep.writer.write("result.json", JSON.stringify({ ...result, error }));
  await sweep.writer.close();
  await settled();
  t.match(notices, [
    { type: "run", run: jobOf(0.1, 0).run, status: "passed", metrics: { coverage: 0.3 }, seconds: 2 },
    { type: "sweep", text: `sweep demo failed after 7.0 s: no trial has come to its end (${SWEEP})` },
  ]);

  const bodies: EndNotice[] = [];
  let tries = 0;
  const hook = createServer((request, response) => {
    let text = "";
    request.on("data", (data) => (text += data));
    request.on("end", () => {
      if (++tries > 1) bodies.push(JSON.parse(text));
      response.writeHead(tries > 1 ? 204 : 503).end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  await sendNotice(url, notices[0]!, [0, 0, 0]);
  t.same(bodies, [notices[0]]);
  hook.close();
  hook.closeAllConnections();
  await t.rejects(sendNotice(url, notices[0]!, [0, 0]), /could not be told/);
});

t.test("series come with the times of their steps", async (t) => {
  const { get } = await kept();
  const { clocks, series } = (await get(`/api/runs/${RUN}/series`)).body;
  t.match(clocks, [{ stage: "train" }]);
  t.equal(clocks[0].x.at(-1), 20);
  t.equal(clocks[0].seconds.length, clocks[0].x.length);
  t.ok(clocks[0].seconds.every((s: number, i: number, all: number[]) => i === 0 || s >= all[i - 1]!));
  t.equal(series.length, 2);
});

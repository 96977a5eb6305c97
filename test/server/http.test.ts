/** The app through its front door, over a store in memory. */
import t from "tap";
import type { EventBody, RunEvent, RunWriter } from "../../core/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/mod.ts";
import { app } from "../../server/http/mod.ts";

const event = (seq: number, body: EventBody): RunEvent => ({
  seq,
  time: "2026-01-01T00:00:00.000Z",
  ...body,
});
const stage = (seq: number): RunEvent => event(seq, { type: "stage", stage: `stage ${seq}` });
const ended = (seq: number): RunEvent => event(seq, { type: "ended", status: "passed", seconds: 1 });

async function running(): Promise<{
  writer: RunWriter;
  get(path: string): Promise<{ status: number; body: unknown }>;
}> {
  const store = memoryStore();
  const writer = await store.create("demo");
  const door = app(store);
  return {
    writer,
    async get(path) {
      const answer = await door.request(path.replace(":id", writer.id));
      return { status: answer.status, body: await answer.json() };
    },
  };
}

const result = {
  run: "r",
  scenario: "demo",
  status: "passed",
  metrics: { x: 1 },
  expectations: [],
  seconds: 1,
} as const;

t.test("GET /api/runs lists runs, GET /api/runs/:id sums one up", async (t) => {
  const { writer, get } = await running();
  await writer.append(stage(1));
  t.same(await get("/api/runs"), { status: 200, body: { runs: [writer.id] } });
  t.same(await get("/api/runs/:id"), { status: 200, body: { run: writer.id, status: "running", events: 1 } });
  await writer.write("result.json", JSON.stringify(result));
  await writer.append(ended(2));
  t.same((await get("/api/runs/:id")).body, { run: writer.id, status: "passed", events: 2, result });
});

t.test("GET /api/runs/:id/events pages by number, to a reader's end without gap or repeat", async (t) => {
  const { writer, get } = await running();
  for (let seq = 1; seq <= 2500; seq++) await writer.append(stage(seq));
  await writer.write("result.json", JSON.stringify(result));
  await writer.append(ended(2501));
  const seen: number[] = [];
  for (let since = 0, done = false; !done; ) {
    const page = (await get(`/api/runs/:id/events?since=${since}`)).body as {
      events: RunEvent[];
      next: number;
      done: boolean;
    };
    seen.push(...page.events.map(({ seq }) => seq));
    ({ next: since, done } = page);
  }
  t.strictSame(
    seen,
    Array.from({ length: 2501 }, (_, i) => i + 1),
  );
  t.same((await get("/api/runs/:id/events?since=2501")).body, { events: [], next: 2501, done: true });
});

t.test(
  "GET /api/runs/:id/events?wait= answers with the first event that comes, or when the time is up",
  async (t) => {
    const { writer, get } = await running();
    const waiting = get("/api/runs/:id/events?wait=30");
    await writer.append(stage(1));
    t.same((await waiting).body, { events: [stage(1)], next: 1, done: false });
    t.same((await get("/api/runs/:id/events?since=1&wait=0.05")).body, { events: [], next: 1, done: false });
  },
);

t.test("unknown runs are 404, malformed queries 400, and say why", async (t) => {
  const { get } = await running();
  const unknown = await get("/api/runs/nope/events");
  t.equal(unknown.status, 404);
  t.match(unknown.body, { error: /nope/ });
  for (const query of ["since=x", "since=-1", "since=1.5", "wait=61"]) {
    const { status, body } = await get(`/api/runs/:id/events?${query}`);
    t.equal(status, 400, query);
    t.match(body, { error: new RegExp(query.split("=")[0]!) });
  }
});

import { setTimeout as sleep } from "node:timers/promises";
import { lastValueFrom, type Observable, share, take, toArray } from "rxjs";
import t from "tap";
import { parse } from "yaml";
import {
  type ApplicationEvent,
  InputError,
  loadScenario,
  RUN_FILES,
  type RunEvent,
  type RunResult,
  run,
  type Store,
  z,
} from "../../../core/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { acting, loadActing, parts } from "../parts.ts";

const all = (events: Observable<RunEvent>): Promise<RunEvent[]> => lastValueFrom(events.pipe(toArray()));

/** The result of the newest run of a store. */
async function newest(store: Store): Promise<RunResult | undefined> {
  return await (await store.open((await store.list())[0]!)).result();
}

async function* metrics(values: Record<string, number>): AsyncGenerator<ApplicationEvent> {
  yield { type: "metrics", values };
}

t.test("run() numbers events from 1, started first, ended last, and keeps what it shows", async (t) => {
  const store = memoryStore();
  const loaded = await loadActing(async function* ({ artifact }) {
    yield { type: "stage", stage: "one", steps: 1 };
    yield await artifact("deep/a.bin", "A", Uint8Array.of(1, 2, 3));
    yield* metrics({ share: 0.5, other: 1 });
    yield* metrics({ share: 0.9 });
  }, "seed: 4\nexpect: { share: { atLeast: 0.8 }, other: { atMost: 2 } }");
  const events = await all(run(loaded, { store, environment: { machine: "here" } }));

  t.strictSame(
    events.map(({ type }) => type),
    ["started", "stage", "artifact", "metrics", "metrics", "expectation", "expectation", "ended"],
  );
  t.strictSame(
    events.map(({ seq }) => seq),
    events.map((_, i) => i + 1),
  );
  t.ok(events.every(({ time }) => new Date(time).toISOString() === time));
  t.match(events[0], {
    run: "acted-1",
    scenario: "acted",
    application: "act",
    seed: 4,
    engine: { name: "still" },
    location: "memory:acted-1",
  });
  t.match(events[2], { path: "artifacts/deep/a.bin", title: "A", bytes: 3 });
  t.match(events.at(-1), { type: "ended", status: "passed" });

  const reader = await store.open("acted-1");
  const text = async (path: string): Promise<string> => new TextDecoder().decode(await reader.read(path));
  t.strictSame(await reader.events(), events);
  t.strictSame([...(await reader.read("artifacts/deep/a.bin"))], [1, 2, 3]);
  t.strictSame(parse(await text(RUN_FILES.scenario)), JSON.parse(JSON.stringify(loaded.scenario)));
  t.strictSame(JSON.parse(await text(RUN_FILES.environment)), {
    engine: { name: "still", version: "1", device: "", reason: "asked for" },
    base: "file:///nowhere/acted.yaml",
    machine: "here",
    plugins: [],
  });
  t.match(await reader.result(), {
    status: "passed",
    metrics: { share: 0.9, other: 1 },
    expectations: [
      { metric: "share", value: 0.9, met: true },
      { metric: "other", met: true },
    ],
  });
});

t.test("run() begins anew with each subscription, and not before one", async (t) => {
  const store = memoryStore();
  const events = run(await loadActing(() => metrics({ a: 1 })), { store });
  t.strictSame(await store.list(), []);
  await all(events);
  await all(events);
  t.strictSame(await store.list(), ["acted-2", "acted-1"]);
});

t.test("run() with share() is one run for two who watch", async (t) => {
  const store = memoryStore();
  const events = run(await loadActing(() => metrics({ a: 1 })), { store }).pipe(share());
  const [one, other] = await Promise.all([all(events), all(events)]);
  t.strictSame(one, other);
  t.equal(one.at(-1)?.type, "ended");
  t.strictSame(await store.list(), ["acted-1"]);
});

t.test("run() keeps an event of any size", async (t) => {
  const store = memoryStore();
  const message = "x".repeat(5_000_000);
  const loaded = await loadActing(async function* () {
    yield { type: "warning", message };
  });
  t.match(await all(run(loaded, { store })), [{}, { message }, { type: "ended", status: "passed" }]);
});

t.test("run() misses an expectation, or a metric that nobody measured", async (t) => {
  const store = memoryStore();
  const expect = "expect: { share: { atLeast: 0.8 }, shaer: { atMost: 1 } }";
  const events = await all(run(await loadActing(() => metrics({ share: 0.7 }), expect), { store }));
  t.match(events.slice(-3), [
    { metric: "share", expected: "at least 0.8", value: 0.7, met: false },
    { metric: "shaer", expected: /no such metric was measured; did you mean "share"/, met: false },
    { type: "ended", status: "missed" },
  ]);
  t.notOk("error" in (await newest(store))!);
});

t.test("run() tells a metric that is no finite number, and no bound is met by it", async (t) => {
  const store = memoryStore();
  const expect = "expect: { a: { atLeast: 0 }, b: { atLeast: 0 }, c: { atMost: 0 }, d: { atMost: 1 } }";
  const values = { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: Number.NEGATIVE_INFINITY, d: 1 };
  const told = { a: "NaN", b: "Infinity", c: "-Infinity", d: 1 };
  const act = async function* (): AsyncGenerator<ApplicationEvent> {
    yield* metrics({ a: 0.5, b: 1, c: -1, d: 1 }); // an earlier value is not the last one
    yield { type: "progress", stage: "s", step: 1, steps: 1, values };
    yield* metrics(values);
  };
  const events = await all(run(await loadActing(act, expect), { store }));
  t.strictSame(JSON.parse(JSON.stringify(events)), events, "JSON holds all of it");
  t.match(
    events.find(({ type }) => type === "progress"),
    { values: told },
  );
  t.match(events.at(-1), { status: "missed" });
  const result = (await newest(store))!;
  t.strictSame(result.metrics, told);
  t.match(result.expectations, [
    { metric: "a", value: "NaN", met: false },
    { metric: "b", value: "Infinity", met: false },
    { metric: "c", value: "-Infinity", met: false },
    { metric: "d", value: 1, met: true },
  ]);
});

t.test("run() fails where an application throws, or its data is bad", async (t) => {
  const store = memoryStore();
  const outcome = async (act: () => AsyncGenerator<ApplicationEvent>) => {
    const loaded = await loadActing(act, "expect: { share: { atLeast: 0 } }");
    const events = await all(run(loaded, { store }));
    const result = (await newest(store))!;
    t.match(events.at(-1), { type: "ended", status: "failed", error: result.error?.message });
    t.strictSame(result.expectations, [], "what broke is not judged");
    return result;
  };
  const broken = await outcome(async function* () {
    yield* metrics({ share: 1 });
    throw new Error("out of memory");
  });
  const message = /^application "act": out of memory \(at .*run\.test\.ts:\d+:\d+\)$/;
  t.match(broken.error, { kind: "run", message, problems: [{ line: 3, message }], stack: /run\.test\.ts/ });
  t.strictSame(broken.metrics, { share: 1 }, "what was measured before is kept");
  const input = await outcome(async function* () {
    yield { type: "stage", stage: "reading" };
    throw new InputError("a.idx is cut short");
  });
  t.match(input.error, { kind: "input", message: /^a\.idx is cut short$/, stack: /run\.test\.ts/ });
});

t.test("run() whose engine does not start still begins with `started`", async (t) => {
  const store = memoryStore();
  const loaded = await loadActing(() => metrics({}));
  const { container } = loaded.registry;
  container.registerInstance(Symbol.for("dsgan:engine"), {
    name: "dead",
    summary: "",
    options: () => z.strictObject({}),
    create: () => ({ name: "dead", merit: 0, start: () => Promise.reject(new Error("no driver")) }),
  });
  const events = await all(
    run(
      { ...loaded, scenario: { ...loaded.scenario, engine: { use: "dead" } } },
      { store, environment: { machine: "here" } },
    ),
  );
  t.match(events, [
    { seq: 1, type: "started", engine: { name: "dead", reason: "did not start" } },
    { seq: 2, type: "ended", status: "failed", error: "no driver" },
  ]);
  const environment = await (await store.open("acted-1")).read(RUN_FILES.environment);
  t.strictSame(JSON.parse(new TextDecoder().decode(environment)), {
    base: "file:///nowhere/acted.yaml",
    machine: "here",
    plugins: [],
  });
});

t.test("run() aborted is cancelled, however its application ends", async (t) => {
  for (const how of ["throws", "returns", "does not heed it"] as const) {
    const store = memoryStore();
    const stop = new AbortController();
    const loaded = await loadActing(async function* ({ signal }) {
      for (let step = 1; step <= 1000; step++) {
        if (how === "throws") signal.throwIfAborted();
        if (how === "returns" && signal.aborted) return;
        yield { type: "progress", stage: "s", step, steps: 1000 };
      }
    });
    const seen: RunEvent[] = [];
    await new Promise<void>((resolve) => {
      run(loaded, { store, signal: stop.signal }).subscribe({
        next: (event) => {
          seen.push(event);
          if (event.seq === 5) stop.abort();
        },
        complete: resolve,
      });
    });
    t.match(seen.at(-1), { type: "ended", status: "cancelled" });
    t.ok(seen.length < 20, `soon where it ${how}`);
    const result = await newest(store);
    t.match(result, { status: "cancelled", expectations: [] });
    t.notOk(result !== undefined && "error" in result);
  }
});

t.test("run() stops when nobody watches any more, and lets its application clean up", async (t) => {
  const store = memoryStore();
  let steps = 0;
  let cleaned = false;
  const loaded = await loadActing(async function* ({ signal }) {
    try {
      for (;;) {
        signal.throwIfAborted();
        yield { type: "progress", stage: "s", step: ++steps, steps: 1e9 };
        await sleep(0);
      }
    } finally {
      cleaned = true;
    }
  });
  await lastValueFrom(run(loaded, { store }).pipe(take(5)));
  while ((await newest(store)) === undefined) await sleep(1);
  t.match(await newest(store), { status: "cancelled" });
  t.ok(cleaned);
  t.ok(steps < 20);
});

t.test("run() lets timers have their turn while an application computes without a pause", async (t) => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  const loaded = await loadActing(async function* ({ signal }) {
    for (let step = 1; ; step++) {
      signal.throwIfAborted();
      yield { type: "progress", stage: "s", step, steps: 1e9 };
    }
  });
  const last = await lastValueFrom(run(loaded, { store: memoryStore(), signal: stop.signal }));
  t.match(last, { type: "ended", status: "cancelled" });
});

t.test("run() errors where no run can be begun", async (t) => {
  const store: Store = { ...memoryStore(), create: () => Promise.reject(new InputError("read-only")) };
  await t.rejects(all(run(await loadActing(() => metrics({})), { store })), {
    name: "InputError",
    message: "read-only",
  });
});

t.test("run() of one seed gives the same numbers, of another seed others", async (t) => {
  const measured = async (seed: number): Promise<unknown> => {
    const store = memoryStore();
    const loaded = await loadScenario(`name: x\nengine: still\napplication: act\nseed: ${seed}\n`, {
      base: new URL("file:///nowhere/"),
      file: "x.yaml",
      plugins: [parts, acting(({ key }) => metrics({ a: key.fold("a").uniformArray(1)[0]! }))],
    });
    await all(run(loaded, { store }));
    return (await newest(store))!.metrics;
  };
  t.strictSame(await measured(1), await measured(1));
  t.strictNotSame(await measured(1), await measured(2));
});

import { lastValueFrom, type Observable, toArray } from "rxjs";
import t from "tap";
import {
  type ApplicationEvent,
  isOfApplication,
  type NetworkPlan,
  newestCheckpoint,
  openNetwork,
  openTrained,
  type RunContext,
  RunError,
  type RunEvent,
  type RunState,
  type RunWriter,
  recordFailure,
  run,
  type Store,
  tf,
  transientState,
} from "../../../core/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { loadActing } from "../parts.ts";

const all = (events: Observable<RunEvent>): Promise<RunEvent[]> => lastValueFrom(events.pipe(toArray()));
const everyStep = "checkpoint: { steps: 1 }";

/** Two stages of a few steps: a sum of random numbers in a variable, and the events that tell of it. */
function summing(stopAt: { calls: number }, interrupt: () => void) {
  let calls = 0;
  const step = async (state: RunState): Promise<void> => {
    if (++calls === stopAt.calls) interrupt();
    await state.settle();
  };
  return async function* ({ state, key }: RunContext): AsyncGenerator<ApplicationEvent> {
    const total = tf.variable(tf.scalar(0));
    state.keep("total", new Map([["sum", total]]));
    try {
      for (const name of ["one", "two"]) {
        yield* state.once(name, async function* (stage): AsyncGenerator<ApplicationEvent, string> {
          yield { type: "stage", stage: name, steps: 5 };
          const done = stage.cell<number>("step", 0);
          const tells = stage.cell<string[]>("tells", []);
          while (done.value < 5) {
            await step(stage);
            done.value++;
            const drawn = key.fold(name, done.value).uniform([]);
            total.assign(tf.add(total, drawn));
            drawn.dispose();
            tells.value = [...tells.value, `${name}${done.value}`];
            yield { type: "progress", stage: name, step: done.value, steps: 5 };
            if (done.value === 3) yield { type: "warning", message: tells.value.join() };
          }
          yield { type: "metrics", values: { [name]: (await total.data())[0]! } };
          return name;
        });
      }
    } finally {
      total.dispose();
    }
  };
}

/** Runs, stopping at the given settle() of each session, until the run ends. */
async function interrupted(store: Store, at: readonly number[], how: "abort" | "crash"): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  let resume: string | undefined;
  for (const calls of [...at, Number.POSITIVE_INFINITY]) {
    const stop = new AbortController();
    const loaded = await loadActing(
      summing({ calls }, () => {
        if (how === "abort") stop.abort(new Error("enough"));
        else throw new Error("crashed");
      }),
      everyStep,
    );
    const events = await all(
      run(loaded, { store, signal: stop.signal, ...(resume !== undefined && { resume }) }),
    );
    seen.push(...events);
    resume = (await store.list())[0]!;
  }
  return seen;
}

const bodies = (events: readonly RunEvent[]): unknown[] =>
  events.filter(isOfApplication).map(({ seq, time, ...body }) => body);

t.test("run() with `resume` gives the same events and metrics as one never interrupted", async (t) => {
  const whole = await all(run(await loadActing(summing({ calls: -1 }, () => {})), { store: memoryStore() }));
  t.equal(whole.filter(({ type }) => type === "metrics").length, 2);
  for (const how of ["abort", "crash"] as const) {
    for (const at of [[1], [2], [4], [5], [6], [7], [9], [10], [3, 2, 5], [1, 1, 1, 1]]) {
      const store = memoryStore();
      const events = await interrupted(store, at, how);
      t.strictSame(bodies(events), bodies(whole), `${how} at ${at}`);
      t.strictSame(
        events.map(({ seq }) => seq),
        events.map((_, i) => i + 1),
        "numbered on without a gap",
      );
      const reader = await store.open((await store.list())[0]!);
      t.strictSame(await reader.events(), events, "as a reader with a cursor sees them");
      t.equal(events.filter(({ type }) => type === "resumed").length, at.length);
      const { metrics, status } = (await reader.result())!;
      t.equal(status, "passed");
      t.strictSame(
        metrics,
        Object.assign({}, ...whole.map((e) => (e.type === "metrics" ? e.values : {}))),
        "the same metrics, bit for bit",
      );
    }
  }
});

t.test("run() that is aborted writes a checkpoint of the step it was at", async (t) => {
  const store = memoryStore();
  const stop = new AbortController();
  const loaded = await loadActing(summing({ calls: 4 }, () => stop.abort(new Error("enough"))));
  const events = await all(run(loaded, { store, signal: stop.signal }));
  t.match(events.slice(-2), [{ type: "checkpoint" }, { type: "ended", status: "cancelled" }]);
  const { checkpoint } = await newestCheckpoint(await store.open("acted-1"));
  t.match(checkpoint?.record.state, { moment: "in one/", cells: { "one/step": 3 }, stages: {} });
  t.equal(checkpoint?.record.events, 5, "a stage, three steps, a warning");
});

t.test("run() keeps the newest few checkpoints, and the end of each stage", async (t) => {
  const store = memoryStore();
  await all(
    run(
      await loadActing(
        summing({ calls: -1 }, () => {}),
        "checkpoint: { steps: 1, keep: 3 }",
      ),
      { store },
    ),
  );
  const reader = await store.open("acted-1");
  t.strictSame(await reader.files("checkpoints/"), [
    ...["000010", "000011", "000012"].flatMap((n) => [
      `checkpoints/${n}.json`,
      `checkpoints/${n}.safetensors`,
    ]),
  ]);
  t.match((await newestCheckpoint(reader)).checkpoint?.record.state, {
    moment: "after two",
    stages: { one: "one", two: "two" },
    cells: {},
  });
});

t.test("run() passes over a damaged checkpoint, says so, and comes out the same", async (t) => {
  const whole = memoryStore();
  await all(run(await loadActing(summing({ calls: -1 }, () => {})), { store: whole }));
  for (const part of ["json", "safetensors"]) {
    const store = memoryStore();
    await all(
      run(
        await loadActing(
          summing({ calls: 8 }, () => {
            throw new Error("crashed");
          }),
          everyStep,
        ),
        { store },
      ),
    );
    const writer = await store.resume("acted-1");
    const path = (await (await store.open("acted-1")).files("checkpoints/")).findLast((p) =>
      p.endsWith(part),
    )!;
    const bytes = await (await store.open("acted-1")).read(path);
    bytes[bytes.length - 3]! ^= 4;
    await writer.write(path, bytes);
    await writer.close();
    const events = await all(
      run(
        await loadActing(
          summing({ calls: -1 }, () => {}),
          everyStep,
        ),
        { store, resume: "acted-1" },
      ),
    );
    const resumed = events.find((event) => event.type === "resumed");
    t.match(resumed?.notes, [new RegExp(`${path}.*is damaged`)]);
    t.strictSame(
      (await (await store.open("acted-1")).result())?.metrics,
      (await (await whole.open("acted-1")).result())?.metrics,
    );
  }
});

t.test("run() notes on resuming where a processor or a version is another one", async (t) => {
  const here = { dsgan: "1", tfjs: "4", cpu: { model: "x", cores: 2 } };
  for (const [there, notes] of [
    [{ ...here, cpu: { model: "x", cores: 64 } }, []],
    [{ ...here, git: "changed" }, []],
    [
      { ...here, cpu: { model: "y", cores: 2 } },
      ["begun on x, resumed on y: the results may differ in their last digits"],
    ],
    [{ ...here, dsgan: "2", tfjs: "5" }, [/^begun on dsgan 1, tfjs 4, resumed on dsgan 2, tfjs 5: /]],
    [{}, []],
  ] as const) {
    const store = memoryStore();
    const stop = new AbortController();
    const interrupted = summing({ calls: 4 }, () => stop.abort(new Error("enough")));
    const loaded = await loadActing(interrupted, everyStep);
    await all(run(loaded, { store, signal: stop.signal, environment: here }));
    const again = await loadActing(
      summing({ calls: -1 }, () => {}),
      everyStep,
    );
    const events = await all(run(again, { store, resume: "acted-1", environment: there }));
    t.match(events.find((event) => event.type === "resumed")?.notes, notes);
    t.equal(events.find((event) => event.type === "resumed")?.notes.length, notes.length);
  }
});

t.test("run() goes on with a run whose process died before it had written its scenario", async (t) => {
  const store = memoryStore();
  const { id, epoch, close } = await store.create("acted");
  await close();
  await recordFailure(store, id, { message: "the process was killed" }, epoch);
  await all(run(await loadActing(summing({ calls: -1 }, () => {})), { store, resume: id }));
  const reader = await store.open(id);
  t.equal((await reader.result())?.status, "passed");
  t.strictSame(await reader.files("scenario"), ["scenario.yaml"], "it is there now");
});

t.test("run() refuses to resume what has ended, and what has no sound checkpoint left", async (t) => {
  const store = memoryStore();
  await all(run(await loadActing(summing({ calls: -1 }, () => {})), { store }));
  const again = await loadActing(summing({ calls: -1 }, () => {}));
  await t.rejects(all(run(again, { store, resume: "acted-1" })), {
    name: "InputError",
    message: /has ended \(passed\)/,
  });
  await all(
    run(
      await loadActing(
        summing({ calls: 5 }, () => {
          throw new Error("x");
        }),
        everyStep,
      ),
      { store },
    ),
  );
  const writer = await store.resume("acted-2");
  for (const path of await (await store.open("acted-2")).files("checkpoints/"))
    await writer.write(path, "{}");
  await writer.close();
  await t.rejects(all(run(again, { store, resume: "acted-2" })), {
    name: "InputError",
    message: /has no sound checkpoint/,
  });
});

t.test("run() tells where the application is not the one that wrote the checkpoint", async (t) => {
  const outcome = async (
    changed: (context: RunContext) => AsyncGenerator<ApplicationEvent>,
  ): Promise<string> => {
    const store = memoryStore();
    const crash = summing({ calls: 4 }, () => {
      throw new Error("crashed");
    });
    await all(run(await loadActing(crash, everyStep), { store }));
    const events = await all(run(await loadActing(changed), { store, resume: "acted-1" }));
    const last = events.at(-1)!;
    return last.type === "ended" ? `${last.status}: ${last.error}` : last.type;
  };
  const total = (shape: number[]) => new Map([["sum", tf.variable(tf.zeros(shape))]]);
  t.match(
    await outcome(async function* ({ state }) {
      state.keep("total", total([2]));
      yield { type: "warning", message: "not reached" };
    }),
    /failed: the checkpoint has "total\/sum" as float32 \[\], but the run now makes it float32 \[2\]/,
  );
  t.match(
    await outcome(async function* ({ state }) {
      state.cell("other", 1);
      yield { type: "warning", message: "not reached" };
    }),
    /failed: the checkpoint has nothing of "other"/,
  );
  t.match(
    await outcome(async function* ({ state }) {
      yield* state.once("one", async function* (stage) {
        await stage.settle();
        yield { type: "warning", message: "" };
        return null;
      });
    }),
    /failed: "total\/sum" is in the checkpoint, but was not kept again/,
  );
  t.match(await outcome(async function* () {}), /failed: application "act" has ended before the moment/);
  t.match(
    await outcome(async function* ({ state }) {
      state.keep("total", total([]));
      yield* state.once("one", async function* (stage) {
        stage.cell("step", 0);
        stage.cell("tells", []);
        await stage.settle();
        for (let i = 0; i < 3; i++) yield { type: "stage", stage: "no longer" };
        return null;
      });
    }),
    /failed: event \d+ was "(progress|warning)" before the run was interrupted, and is "stage" now/,
  );
});

t.test(
  "run() that finds no room for something ends with a record all the same, and can be resumed",
  async (t) => {
    const whole = memoryStore();
    const steps = await all(
      run(
        await loadActing(
          summing({ calls: -1 }, () => {}),
          everyStep,
        ),
        { store: whole },
      ),
    );
    const { metrics } = (await (await whole.open("acted-1")).result())!;
    const outcomes = new Set<string>();
    for (let failing = 1; failing <= 2 * steps.length; failing++) {
      const store = memoryStore();
      const full = fullAt(store, failing);
      const events = await all(
        run(
          await loadActing(
            summing({ calls: -1 }, () => {}),
            everyStep,
          ),
          { store: full },
        ),
      );
      const reader = await store.open("acted-1");
      t.strictSame(
        await reader.events(),
        events,
        `every event told is kept, with no room at call ${failing}`,
      );
      t.equal(events[0]?.type, "started");
      const last = events.at(-1)!;
      const status = last.type === "ended" ? last.status : last.type;
      t.equal((await reader.result())?.status, status);
      outcomes.add(status);
      if (status !== "failed") t.strictSame((await reader.result())?.metrics, metrics);
      else {
        const again = await loadActing(
          summing({ calls: -1 }, () => {}),
          everyStep,
        );
        await all(run(again, { store, resume: "acted-1" }));
        t.strictSame((await reader.result())?.metrics, metrics, "once there is room");
      }
    }
    t.strictSame(
      outcomes,
      new Set(["failed", "passed"]),
      "the end alone does with the room set aside for it",
    );
  },
);

t.test("recordFailure() does with the room set aside", async (t) => {
  for (let failing = 1; failing <= 3; failing++) {
    const store = memoryStore();
    await (await store.create("dead")).close();
    await recordFailure(fullAt(store, failing), "dead-1", { message: "killed" }, 1);
    const reader = await store.open("dead-1");
    t.match(await reader.events(), [
      { type: "started" },
      { type: "ended", status: "failed", error: "killed" },
    ]);
    t.match(await reader.result(), { status: "failed" });
  }
});

/** A store whose runs find no room at one of their calls. */
function fullAt(store: Store, failing: number): Store {
  let calls = 0;
  const room = (): void => {
    if (++calls === failing) throw new RunError("no room");
  };
  const tight = (writer: RunWriter): RunWriter => ({
    ...writer,
    async append(event) {
      room();
      await writer.append(event);
    },
    async write(path, data) {
      room();
      await writer.write(path, data);
    },
  });
  return {
    ...store,
    create: async (scenario, options) => tight(await store.create(scenario, options)),
    resume: async (id, options) => tight(await store.resume(id, options)),
  };
}

t.test("run() gives a cell back as it was, be that null, and refuses numbers that JSON lacks", async (t) => {
  const seen: unknown[] = [];
  const body = (crash: boolean, kept: number | null) =>
    async function* ({ state }: RunContext): AsyncGenerator<ApplicationEvent> {
      const best = state.cell<number | null>("best", 7);
      const done = state.cell<number>("step", 0);
      seen.push(best.value);
      while (done.value < 3) {
        best.value = kept;
        done.value++;
        await state.settle();
        yield { type: "progress", stage: "s", step: done.value, steps: 3 };
        if (crash) throw new Error("crashed");
      }
    };
  const store = memoryStore();
  await all(run(await loadActing(body(true, null), everyStep), { store }));
  await all(run(await loadActing(body(false, null), everyStep), { store, resume: "acted-1" }));
  t.strictSame(seen, [7, null]);
  const events = await all(run(await loadActing(body(false, Number.NaN), everyStep), { store }));
  t.match(events.at(-1), { status: "failed", error: /"best" holds NaN, which a checkpoint cannot keep/ });
});

t.test("run() does away with checkpoints of events that the log has lost", async (t) => {
  const store = memoryStore();
  const stop = new AbortController();
  await all(
    run(
      await loadActing(
        summing({ calls: 5 }, () => stop.abort(new Error("enough"))),
        everyStep,
      ),
      { store, signal: stop.signal },
    ),
  );
  const reader = await store.open("acted-1");
  const ahead = (await reader.files("checkpoints/")).slice(-2);
  // A power cut that took the last events, but not the checkpoint after them.
  const cut: Store = {
    ...store,
    async open(id) {
      const all = await store.open(id);
      return { ...all, events: async () => (await all.events()).slice(0, -4) };
    },
  };
  await all(
    run(
      await loadActing(
        summing({ calls: 1 }, () => {
          throw new Error("crashed");
        }),
        everyStep,
      ),
      { store: cut, resume: "acted-1" },
    ),
  );
  t.notOk((await reader.files("checkpoints/")).includes(ahead[0]!), "or it would be taken for the log's own");
});

t.test("keep() and cell() refuse a name that is taken", async (t) => {
  const state = transientState();
  state.cell("a", 1);
  t.throws(() => state.cell("a", 1), /"a" is kept already/);
  const scope = state.scope("s");
  const variable = tf.variable(tf.scalar(1));
  scope.keep("net", new Map([["w", variable]]));
  const stage = state.once("s", async function* () {
    yield { type: "stage", stage: "s" };
    return undefined;
  });
  await t.rejects(stage.next(), /stage "s" would forget "s\/net\/w", which is not its own/);
  t.throws(() => state.keep("s/net", new Map([["w", variable]])), /"s\/net\/w" is kept already/);
  variable.dispose();
});

t.test("once() forgets what its body kept, so that the next may use the names", async (t) => {
  const state = transientState();
  for (const name of ["one", "two", "one"]) {
    const stage = state.scope("x").once(name, async function* (inner): AsyncGenerator<
      ApplicationEvent,
      number
    > {
      inner.cell("n", 1);
      yield { type: "stage", stage: name };
      return 7;
    });
    let step = await stage.next();
    while (!step.done) step = await stage.next();
    t.equal(step.value, 7);
  }
});

t.test("settle() throws the reason of an aborted signal", async (t) => {
  const stop = new AbortController();
  const state = transientState(stop.signal);
  await state.settle();
  stop.abort(new Error("enough"));
  await t.rejects(state.settle(), { message: "enough" });
});

t.test("openNetwork() says what a run lacks", async (t) => {
  const store = memoryStore();
  const loaded = await loadActing(summing({ calls: -1 }, () => {}));
  await all(run(loaded, { store }));
  const reader = await store.open("acted-1");
  await t.rejects(openNetwork(reader, loaded, "generator"), {
    name: "InputError",
    message: /has no network "generator"; it has: none/,
  });
});

t.test("openTrained() names what outlives its stage, and opens what a scenario can name", async (t) => {
  const plan: NetworkPlan = {
    name: "tiny",
    build: ({ input, output }) => ({
      inputShape: input,
      outputShape: output,
      parameters: new Map([["w", tf.variable(tf.scalar(1))]]),
      state: new Map(),
      apply: (x) => x,
      dispose() {},
    }),
  };
  const ports = { input: [2], output: [2], prior: "uniform" } as const;
  const stop = new AbortController();
  const loaded = await loadActing(async function* ({ state, key }): AsyncGenerator<ApplicationEvent> {
    state.network("generator", plan, ports, key);
    yield* state.once("fitting", async function* (stage): AsyncGenerator<ApplicationEvent, undefined> {
      yield { type: "stage", stage: "fitting" };
      stage.network("judge", plan, ports, key);
      stop.abort(new Error("enough"));
      await stage.settle();
    });
  });
  const store = memoryStore();
  await all(run(loaded, { store, signal: stop.signal }));
  const trained = await openTrained(await store.open("acted-1"), loaded);
  t.same(trained.names, ["generator"]);
  t.same(trained.record("generator").ports, ports);
  t.same(trained.record("fitting/judge").ports, ports);
  t.throws(() => trained.record("toString"), {
    message: /no network "toString"; it has: generator, fitting/,
  });
  await t.rejects(trained.open("generator"), { name: "InputError", message: /was made by a program/ });
});

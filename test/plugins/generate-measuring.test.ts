/** Measuring on the way: the application `generate` with `measureEvery`. */
import { lastValueFrom, tap, toArray } from "rxjs";
import t from "tap";
import {
  assemble,
  component,
  contextOf,
  definePlugin,
  loadScenario,
  Measures,
  type PluginExport,
  type RunEvent,
  run,
  Stores,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { checkApplication } from "../conformance/application.ts";

const base = new URL(import.meta.url);

const application = {
  use: "generate",
  generator: { use: "mlp", hidden: [16] },
  critic: { use: "mlp", hidden: [16] },
  latent: { size: 2 },
  target: { use: "convolution", data: "ring", noise: { normal: 0.3 } },
  measures: [{ use: "geometry", n: 200 }] as readonly unknown[],
  ...{ steps: 20, samples: 50, previews: 1 },
};

const scenarioOf = (changed: object): string =>
  JSON.stringify({
    ...{ name: "test", engine: "wasm", checkpoint: { steps: 5 } },
    application: { ...application, ...changed },
  });

async function storeAndRun(changed: object, further: readonly PluginExport[] = []) {
  const plugins = [...builtinPlugins, ...further];
  const loaded = await loadScenario(scenarioOf(changed), { base, file: "test", plugins });
  const store = await contextOf(await assemble(builtinPlugins), base).create(Stores, { use: "memory" });
  return { loaded, store };
}

/** Runs a scenario to its end. */
async function ran(changed: object) {
  const { loaded, store } = await storeAndRun(changed);
  const events = await lastValueFrom(run(loaded, { store }).pipe(toArray()));
  const reader = await store.open((await store.list())[0]!);
  return { events, result: (await reader.result())!, pg: await reader.read("artifacts/pg.npy") };
}

const measured = (events: readonly RunEvent[]) =>
  events.filter(
    (event) => event.type === "progress" && event.stage === "train" && "coverage" in (event.values ?? {}),
  );

t.test("measureEvery reports the measures as progress, by the names of the metrics", async (t) => {
  const { events, result } = await ran({ measureEvery: 5 });
  const found = measured(events);
  t.match(found, [{ step: 5 }, { step: 10 }, { step: 15 }]);
  t.equal(found.length, 3, "not at the end, where the metrics are");
  const metrics = Object.keys(result.metrics).filter((name) => !name.endsWith("Loss"));
  for (const event of found) t.same(Object.keys((event as RunEvent<"progress">).values!), metrics);
  t.equal(measured((await ran({})).events).length, 0);
});

t.test("a measurement on the way is what the same training measures if it ends there", async (t) => {
  const short = await ran({ steps: 10, optimizer: { use: "adam", decayFrom: 1 } });
  const long = await ran({ steps: 20, optimizer: { use: "adam", decayFrom: 1 }, measureEvery: 10 });
  const [{ values } = {}] = measured(long.events) as RunEvent<"progress">[];
  t.ok(Object.keys(values!).length > 0);
  for (const [name, value] of Object.entries(values!)) t.equal(value, short.result.metrics[name], name);
});

t.test("measuring on the way does not disturb the training", async (t) => {
  const [without, every] = [await ran({}), await ran({ measureEvery: 3 })];
  t.same(every.result.metrics, without.result.metrics);
  t.same(every.pg, without.pg, "the same samples, bit for bit");
  const rest = (events: readonly RunEvent[]) =>
    events
      .filter(
        (event) =>
          !measured([event]).length && ["progress", "artifact", "stage", "metrics"].includes(event.type),
      )
      .map(({ seq, time, ...event }) => event);
  t.same(rest(every.events), rest(without.events), "and the same events besides");
});

t.test("a run that measures on the way resumes as if it had not been interrupted", async (t) => {
  await checkApplication(t, { scenario: scenarioOf({ measureEvery: 4, steps: 12 }), interruptions: 8 });
});

t.test("an interruption amid a measurement loses nothing: it is made again", async (t) => {
  const stop = new AbortController();
  let calls = 0;
  const slow = component(Measures, {
    name: "slow",
    summary: "",
    create: () => ({
      name: "slow",
      async *measure({ state, pg, key, stage }) {
        yield { type: "progress", stage, step: 1, steps: 2 } as const;
        if (++calls === 2) stop.abort(new Error("stopped amid a measurement"));
        await state.settle();
        const x = pg(key, 10);
        const [first] = await x.data();
        x.dispose();
        return { coverage: first! };
      },
    }),
  });
  const plugins = [definePlugin({ name: "slow", components: [slow] })];
  const changed = { measures: ["slow"], measureEvery: 5 };
  const { loaded, store } = await storeAndRun(changed, plugins);
  const first = await lastValueFrom(run(loaded, { store, signal: stop.signal }).pipe(toArray()));
  t.match(first.at(-1), { type: "ended", status: "cancelled" });
  t.match(measured(first), [{ step: 5 }]);
  const [id] = await store.list();
  const steps: number[] = [];
  const second = await lastValueFrom(
    run(loaded, { store, resume: id! }).pipe(
      tap((event) => event.type === "progress" && event.stage === "train" && steps.push(event.step)),
      toArray(),
    ),
  );
  t.match(second.at(-1), { type: "ended", status: "passed" });
  t.match(measured(second), [{ step: 10 }, { step: 15 }]);
  t.ok(
    steps.every((step) => step >= 10),
    `no step before the interruption is taken again: ${steps}`,
  );
  const whole = await storeAndRun(changed, plugins);
  const undisturbed = await lastValueFrom(run(whole.loaded, { store: whole.store }).pipe(toArray()));
  const bare = (events: readonly RunEvent[]) => measured(events).map(({ seq, time, ...event }) => event);
  t.same([...bare(first), ...bare(second)], bare(undisturbed));
});

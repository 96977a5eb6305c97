/** The application `generate`, from a scenario's text to what a run keeps. */
import { parse } from "npyjs";
import { lastValueFrom, toArray } from "rxjs";
import t from "tap";
import {
  assemble,
  component,
  contextOf,
  definePlugin,
  loadScenario,
  Measures,
  type Plugin,
  type RunEvent,
  run,
  type Store,
  Stores,
  tf,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";

const base = new URL(import.meta.url);

interface Ran {
  readonly events: readonly RunEvent[];
  readonly metrics: Record<string, number>;
  readonly store: Store;
  file(path: string): Promise<Uint8Array>;
}

async function runScenario(
  application: object,
  more: object = {},
  plugins: readonly Plugin[] = builtinPlugins,
): Promise<Ran> {
  const text = JSON.stringify({
    name: "test",
    engine: "wasm",
    application: { use: "generate", ...application },
    ...more,
  });
  const loaded = await loadScenario(text, { base, file: "test", plugins });
  const store = await contextOf(await assemble(builtinPlugins), base).create(Stores, { use: "memory" });
  const events = await lastValueFrom(run(loaded, { store }).pipe(toArray()));
  const ended = events.at(-1)!;
  if (ended.type !== "ended" || ended.status === "failed")
    throw new Error(`run failed: ${JSON.stringify(ended)}`);
  const reader = await store.open((await store.list())[0]!);
  const metrics = Object.assign({}, ...events.filter((e) => e.type === "metrics").map((e) => e.values));
  return { events, metrics, store, file: (path) => reader.read(path) };
}

const small = {
  generator: { use: "mlp", hidden: [16] },
  critic: { use: "mlp", hidden: [16] },
  latent: { size: 2 },
  steps: 20,
  samples: 50,
};
const ring = {
  ...small,
  target: { use: "convolution", data: "ring", noise: { normal: 0.3 } },
  measures: [{ use: "geometry", n: 200 }],
};

t.test("generate() is a function of the seed, bit for bit", async (t) => {
  const first = await runScenario(ring, { seed: 4 });
  t.same((await runScenario(ring, { seed: 4 })).metrics, first.metrics);
  t.not((await runScenario(ring, { seed: 5 })).metrics.criticLoss, first.metrics.criticLoss);
  t.match(Object.keys(first.metrics), [
    "criticLoss",
    "generatorLoss",
    "outside",
    "within",
    "coverage",
    "coverageAlong",
  ]);
});

t.test("generate() refuses a measure that comes twice, before anything is trained", async (t) => {
  const measures = [
    { use: "geometry", n: 200 },
    { use: "geometry", n: 300 },
  ];
  await t.rejects(runScenario({ ...ring, measures }), {
    message: /measure .*geometry.* is listed twice: its metrics would have the same names/,
  });
});

t.test("generate() keeps samples of the right shape, pictures and previews", async (t) => {
  const { events, file } = await runScenario({ ...ring, previews: 3 });
  const paths = events.filter((e) => e.type === "artifact").map((e) => e.path);
  t.match(paths, [
    "artifacts/previews/step-0000005.png",
    "artifacts/previews/step-0000010.png",
    "artifacts/previews/step-0000015.png",
    "artifacts/pd.npy",
    "artifacts/pdBar.npy",
    "artifacts/pg.npy",
    "artifacts/samples.png",
    "artifacts/losses.png",
  ]);
  const bytes = await file("artifacts/pdBar.npy");
  const { shape, dtype } = await parse(Uint8Array.from(bytes).buffer);
  t.same({ shape, dtype }, { shape: [50, 2], dtype: "f4" });
});

t.test("generate() draws a sheet for each distribution of images", async (t) => {
  const pixels = Array.from({ length: 4 }, (_, i) => Array.from({ length: 3 }, () => [i / 4, 1, 0]));
  const images = {
    use: "arrays",
    values: pixels.map((rows) => rows.map((row) => row.map((v) => [v]))),
    range: [0, 1],
  };
  const { events, file } = await runScenario({
    ...small,
    target: { use: "dataset-difference", pd: images, pdBar: images },
    previews: 1,
  });
  const pictures = events
    .filter((e) => e.type === "artifact" && e.path.endsWith(".png"))
    .map((e) => "path" in e && e.path);
  t.same(pictures, [
    "artifacts/previews/step-0000010.png",
    "artifacts/pd.png",
    "artifacts/pdBar.png",
    "artifacts/pg.png",
    "artifacts/losses.png",
  ]);
  const { data } = await parse(Uint8Array.from(await file("artifacts/pg.npy")).buffer);
  t.ok(
    [...(data as Float32Array)].every((v) => v >= 0 && v <= 1),
    "pg keeps to the range of the data",
  );
});

t.test("generate() goes without pictures where no painter is registered", async (t) => {
  const { events } = await runScenario(
    ring,
    {},
    builtinPlugins.filter(({ name }) => name !== "vega"),
  );
  t.same(
    events.filter((e) => e.type === "artifact" && e.path.endsWith(".png")),
    [],
  );
});

for (const objective of [
  { use: "original" },
  { use: "original", generator: "non-saturating" },
  { use: "wgan" },
  { use: "wgan-gp", penalty: "one-sided" },
  { use: "lsgan" },
  { use: "ebgan" },
]) {
  for (const mixer of ["weighted", "sampling-trick"]) {
    t.test(
      `generate() plays ${JSON.stringify(objective)} with ${mixer} and leaves no tensor behind`,
      async (t) => {
        await tf.setBackend("wasm");
        const before = tf.memory().numTensors;
        const critic = {
          use: "mlp",
          hidden: [16],
          activation: "leaky-relu",
          spectralNorm: objective.use !== "ebgan",
        };
        const { metrics } = await runScenario({ ...ring, objective, mixer, critic, previews: 0 });
        t.ok(Number.isFinite(metrics.criticLoss) && Number.isFinite(metrics.generatorLoss));
        t.equal(tf.memory().numTensors, before);
      },
    );
  }
}

t.test("a measure that returns no numbers is named", async (t) => {
  const silent = component(Measures, {
    name: "silent",
    summary: "",
    create: () => ({
      name: "silent",
      async *measure() {
        yield { type: "stage", stage: "silent" } as const;
        return undefined as unknown as Record<string, number>;
      },
    }),
  });
  const plugin = definePlugin({ name: "silent", components: [silent] });
  const application = { ...ring, steps: 1, samples: 10, measures: ["silent"] };
  const failing = runScenario(application, {}, [...builtinPlugins, plugin]);
  await t.rejects(failing, { message: /measure .*silent.* returned undefined; expected numbers by name/ });
});

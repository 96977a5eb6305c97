/** The application `bad-gan-ssl`, from a scenario to its results. */
import { lastValueFrom, toArray } from "rxjs";
import t from "tap";
import {
  assemble,
  contextOf,
  fromArrays,
  isOfApplication,
  Key,
  loadScenario,
  Optimizers,
  type RunEvent,
  rateAt,
  run,
  type Store,
  Stores,
  tf,
  transientState,
} from "../../core/mod.ts";
import { moons } from "../../plugins/datasets/moons/moons.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { SslMethods, type SslSetting } from "../../plugins/semi-supervised/method.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { checkDataset } from "../conformance/dataset.ts";
import { close } from "./close.ts";

await tf.setBackend("cpu");
await tf.ready();

const base = new URL(import.meta.url);
const registry = await assemble(builtinPlugins);
const context = contextOf(registry, base);
const key = Key.from("ssl");

t.test("rateAt() follows the recipes' schedule, with its floor", async (t) => {
  for (const floor of [0, 1e-4]) {
    const rates = { learningRate: 1e-3, decayFrom: 2 / 3, floor };
    for (const e of [0, 1, 400, 666, 667, 800, 990, 999]) {
      const expected = Math.max(floor, 1e-3 * Math.max(0, Math.min(3 * (1 - e / 1000), 1)));
      close(t, 1e3 * rateAt(rates, e / 1000), 1e3 * expected, `epoch ${e}`);
    }
  }
});

const m = 10;
const setting: SslSetting = { recipe: "mnist", preset: "authors" };

t.test("moons() is a dataset of two classes with test points of its own", async (t) => {
  const data = moons({ size: 400, noise: 0, seed: 0 });
  await checkDataset(t, data);
  const points = data.rows(Array.from({ length: 400 }, (_, i) => i)).arraySync() as [number, number][];
  points.forEach(([x, y], i) => {
    const [cx, cy, up] = data.labels![i] === 0 ? [0, 0, 1] : [1, 0.5, -1];
    if (Math.abs(Math.hypot(x - cx, y - cy) - 1) > 1e-5 || up * (y - cy) < -1e-6)
      t.fail(`point ${i}: ${x}, ${y}`);
  });
  const test = await data.heldOut!();
  t.notSame(test.rows([0]).arraySync(), data.rows([0]).arraySync());
  t.throws(() => moons({ size: 5, noise: 0, seed: 0 }), { message: /moons.size: .*give an even one, got 5/ });
});

const tiny = {
  use: "bad-gan-ssl",
  data: { use: "moons", size: 200 },
  classifier: { use: "mlp", hidden: [12, 8] },
  method: {
    use: "dsgan",
    latent: 4,
    generator: { use: "mlp", hidden: [8] },
    critic: { use: "mlp", hidden: [8] },
  },
  ...{ labeled: 4, validation: 20, m: 10, epochs: 3, iterations: 4, samples: 50 },
};

async function runOnce(
  application: object,
  more: object = {},
  signal?: AbortSignal,
  to?: Store,
  resume?: string,
) {
  const text = JSON.stringify({
    name: "ssl",
    engine: "cpu",
    application: { ...tiny, ...application },
    ...more,
  });
  const loaded = await loadScenario(text, { base, file: "test", plugins: builtinPlugins });
  const store = to ?? (await context.create(Stores, { use: "memory" }));
  const options = { store, ...(signal && { signal }), ...(resume !== undefined && { resume }) };
  const events = await lastValueFrom(run(loaded, options).pipe(toArray()));
  const ended = events.at(-1)!;
  if (ended.type !== "ended" || ended.status === "failed") throw new Error(JSON.stringify(ended));
  const metrics: Record<string, number> = Object.assign(
    {},
    ...events.filter((e) => e.type === "metrics").map((e) => e.values),
  );
  return { events, metrics, store };
}

const bodies = (events: readonly RunEvent[]): unknown[] =>
  events.filter(isOfApplication).map(({ seq, time, ...body }) => body);

t.test("bad-gan-ssl gives the results, files and pictures of each method", async (t) => {
  const { events, metrics } = await runOnce({ against: "supervised", evaluateEvery: 2 });
  t.match(Object.keys(metrics), ["testErrors", "averagedErrors", "validatedErrors", "bestOnTestErrors"]);
  t.equal(metrics.gain, metrics["against.testErrors"]! - metrics.testErrors!);
  t.equal(metrics.testRows, 200);
  t.same(
    events.filter((e) => e.type === "artifact").map((e) => e.path.replace("artifacts/", "")),
    ["recipe.json", "errors.csv", "features.png", "errors.png"].concat(
      ["recipe.json", "errors.csv", "features.png", "errors.png"].map((f) => `against.${f}`),
    ),
  );
  const titles = events.filter((e) => e.type === "artifact").map(({ title }) => title);
  t.equal(new Set(titles).size, titles.length, "whose picture it is, its title says");
  const evaluated = events.filter((e) => e.type === "progress" && e.stage === "train" && e.step % 4 === 0);
  t.ok(evaluated.length >= 3);
  t.ok(Number.isFinite(metrics.generatedBelow) && metrics["against.generatedBelow"] === undefined);
});

t.test("bad-gan-ssl's iterations are recorded once, whatever the method", async (t) => {
  const warnings: unknown[] = [];
  const { warn } = console;
  console.warn = (message) => void warnings.push(message);
  t.teardown(() => {
    console.warn = warn;
  });
  for (const { name } of registry.all(SslMethods)) {
    const { critic: _, ...common } = tiny.method;
    const method = name === "dsgan" ? tiny.method : name === "supervised" ? name : { ...common, use: name };
    const { metrics } = await runOnce({ method }, { engine: "onnxruntime" });
    t.ok(Number.isFinite(metrics.testErrors), name);
    t.same(warnings, [], `${name}: no step is recorded anew at each call`);
  }
  await tf.setBackend("cpu");
});

t.test("bad-gan-ssl stopped and resumed gives what it would have given", async (t) => {
  // so long that losses are read once in two iterations, and critic and generator step once in three
  const options = {
    against: "supervised",
    method: { ...tiny.method, every: 3 },
    epochs: 60,
    evaluateEvery: 20,
  };
  const whole = await runOnce(options);
  for (const checkpoints of [1, 13, 40]) {
    const store = await context.create(Stores, { use: "memory" });
    const stop = new AbortController();
    const events: RunEvent[] = [];
    let left = checkpoints;
    const text = JSON.stringify({
      name: "ssl",
      engine: "cpu",
      application: { ...tiny, ...options },
      checkpoint: { steps: 7 },
    });
    const loaded = await loadScenario(text, { base, file: "test", plugins: builtinPlugins });
    await new Promise<void>((resolve, reject) =>
      run(loaded, { store, signal: stop.signal }).subscribe({
        next(event) {
          events.push(event);
          if (event.type === "checkpoint" && --left === 0) stop.abort(new Error("enough"));
        },
        error: reject,
        complete: resolve,
      }),
    );
    const id = (await store.list())[0]!;
    const rest = await lastValueFrom(run(loaded, { store, resume: id }).pipe(toArray()));
    t.match(rest.at(-1), { type: "ended", status: "passed" }, JSON.stringify(rest.at(-1)));
    t.strictSame(
      bodies([...events, ...rest]),
      bodies(whole.events),
      `stopped after ${checkpoints} checkpoints`,
    );
  }
});

t.test("bad-gan-ssl never learns from the test rows", async (t) => {
  const values = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * i));
  const labels = Uint8Array.from({ length: 100 }, (_, i) => (values[2 * i]! > 0 ? 1 : 0));
  const dataWith = (flip: boolean) =>
    fromArrays({
      ...{ name: "moons", values, shape: [2], labels, classes: 2 },
      heldOut: async () =>
        fromArrays({
          ...{ name: "moons", values: values.map((v) => (flip ? -3 * v : v)), shape: [2], classes: 2 },
          labels: labels.map((label) => (flip ? 1 - label : label)),
        }),
    });
  const trainings = [];
  for (const flip of [false, true]) {
    const { badGanSsl } = await import("../../plugins/semi-supervised/bad-gan-ssl/bad-gan-ssl.ts");
    const data = dataWith(flip);
    const application = badGanSsl({
      ...{ ...setting, data, test: await data.heldOut!(), against: undefined, labeled: 4, unlabeled: "rest" },
      ...{ validation: 20, initialize: { from: "unlabeled", rows: 10 }, m, epochs: 2, iterations: 3 },
      ...{ evaluateEvery: 1, averaging: 0.9, samples: 20, published: {}, painter: undefined },
      method: await context.create(SslMethods, tiny.method),
      classifier: mlp({ hidden: [6], activation: "relu", spectralNorm: false }),
      classifierOptimizer: await context.create(Optimizers, {
        ...{ use: "adam", learningRate: 0.01, decayFrom: 1, floor: 0, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 },
      }),
    });
    const reports: unknown[] = [];
    const events = application.run({
      ...context,
      ...{ key, signal: new AbortController().signal, state: transientState(), store: memoryStore() },
      sentinels: { notFinite: "stop", collapse: "off", runaway: "off" },
      artifact: async (path, title, data) => ({
        type: "artifact",
        path,
        title,
        bytes: data.length,
        sha256: "",
      }),
    });
    const results: Record<string, number>[] = [];
    for await (const event of events) {
      if (event.type === "metrics") results.push(event.values as Record<string, number>);
      if (event.type !== "progress") continue;
      const { testErrors, averagedErrors, ...others } = event.values as Record<string, number>;
      reports.push(others);
    }
    trainings.push({ reports, errors: results[0]!.testErrors });
  }
  t.same(
    trainings[0]!.reports,
    trainings[1]!.reports,
    "losses and validation errors do not change with the test rows",
  );
  t.not(trainings[0]!.errors, trainings[1]!.errors, "the test errors do");
});

t.test("bad-gan-ssl says what it cannot work with", async (t) => {
  const message = async (application: object): Promise<string> => {
    try {
      await runOnce(application);
      return "";
    } catch (error) {
      return String(error);
    }
  };
  t.match(await message({ data: "ring" }), /dataset \\"ring\\" has no labelled test split/);
  t.match(await message({ labeled: 5 }), /labeled is 5, which 2 classes cannot share evenly/);
  t.match(await message({ m: 2 }), /no generated row would be left/);
});

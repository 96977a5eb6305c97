/** Semi-supervised learning: schedules, the split, evaluation, and the application from its text to its results. */
import { lastValueFrom, toArray } from "rxjs";
import t, { type Test } from "tap";
import {
  assemble,
  contextOf,
  type FiniteDataset,
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
  splitRows,
  tf,
  transientState,
} from "../../core/mod.ts";
import { streamOf } from "../../core/model/stream.ts";
import { moons } from "../../plugins/datasets/moons/moons.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { examinerOf, resultsOf } from "../../plugins/semi-supervised/bad-gan-ssl/evaluation.ts";
import { principalPlane } from "../../plugins/semi-supervised/bad-gan-ssl/map.ts";
import { SslMethods, type SslSetting } from "../../plugins/semi-supervised/method.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { checkDataset } from "../conformance/dataset.ts";

await tf.setBackend("cpu");
await tf.ready();

const base = new URL(import.meta.url);
const registry = await assemble(builtinPlugins);
const context = contextOf(registry, base);
const key = Key.from("ssl");

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const close = (t: Test, found: tf.Tensor | number, expected: number, what: string): void => {
  const value = typeof found === "number" ? found : found.dataSync()[0]!;
  t.ok(
    Math.abs(value - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
    `${what}: ${value} is ${expected}`,
  );
};

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

/** 60 rows of three classes, told by their index. */
const told: FiniteDataset = fromArrays({
  name: "told",
  values: Float32Array.from({ length: 60 }, (_, i) => i),
  shape: [1],
  labels: Uint8Array.from({ length: 60 }, (_, i) => i % 3),
});

t.test("splitRows() draws labels evenly, by key, and keeps its parts apart", async (t) => {
  const options = { labeled: 12, validation: 9, unlabeled: "rest" } as const;
  const { labeled, validation, unlabeled } = splitRows(told, options, key);
  for (const label of [0, 1, 2]) {
    t.equal(labeled.filter((row) => row % 3 === label).length, 4, `class ${label}`);
  }
  const all = [...labeled, ...validation, ...unlabeled].sort((a, b) => a - b);
  t.same(
    all,
    Array.from({ length: 60 }, (_, i) => i),
    "each row is in one part",
  );
  t.same([labeled.length, validation.length, unlabeled.length], [12, 9, 39]);
  t.same(splitRows(told, options, key), { labeled, validation, unlabeled }, "the same key, the same rows");
  t.notSame(splitRows(told, options, key.fold(1)).labeled, labeled);
  const every = splitRows(told, { ...options, unlabeled: "all" }, key);
  t.same(
    [...every.unlabeled].sort(),
    [...labeled, ...unlabeled].sort(),
    "all: the labelled too, the validation not",
  );
});

t.test("splitRows() says what does not suffice", async (t) => {
  const split = (labeled: number, validation: number) => () =>
    splitRows(told, { labeled, validation, unlabeled: "rest" }, key);
  t.throws(split(10, 0), { message: /labeled is 10, which 3 classes cannot share evenly.*multiple of 3/ });
  t.throws(split(63, 0), { message: /has 20 rows of class 0, but 21 of each class/ });
  t.throws(split(12, 48), { message: /validation is 48, but only 48 rows are left/ });
});

t.test("streamOf() gives each row once in a pass, in whatever order it is asked", async (t) => {
  const stream = streamOf(Int32Array.of(3, 5, 7, 9, 11), 2, key);
  const batches = Array.from({ length: 10 }, (_, i) => [...stream(i)]);
  const passes = [0, 1, 2, 3].map((pass) => batches.flat().slice(5 * pass, 5 * pass + 5));
  for (const pass of passes)
    t.same(
      pass.toSorted((a, b) => a - b),
      [3, 5, 7, 9, 11],
    );
  t.ok(new Set(passes.map(String)).size > 1, "in another order each time");
  const again = streamOf(Int32Array.of(3, 5, 7, 9, 11), 2, key);
  t.same(
    [7, 2, 0].map((i) => [...again(i)]),
    [7, 2, 0].map((i) => batches[i]),
  );
});

t.test("resultsOf() tells the last epoch, the validated one and the best on test apart", async (t) => {
  const row = (epoch: number, testErrors: number, validationErrors: number) => ({
    ...{ epoch, testErrors, validationErrors, averagedErrors: testErrors - 1, averagedValidationErrors: 0 },
    ...{ labeledErrors: 3, unlabeledAbove: 0.8, generatedBelow: 0.9 },
  });
  t.match(resultsOf([row(1, 50, 9), row(2, 20, 4), row(3, 30, 3), row(4, 28, 3), row(5, 40, 5)], 200), {
    ...{ testErrors: 40, testPercent: 20, averagedErrors: 39, validatedErrors: 28, validatedEpoch: 4 },
    ...{
      bestOnTestErrors: 20,
      bestOnTestPercent: 10,
      testRows: 200,
      labeledErrors: 3,
      unlabeledAbove: 0.8,
      generatedBelow: 0.9,
    },
  });
  const { validationErrors: _, averagedValidationErrors: __, ...alone } = row(1, 5, 0);
  t.equal(resultsOf([alone], 10).validatedErrors, undefined, "without validation rows there is none");
});

t.test("examinerOf() counts errors and the shares of Eq. (7)", async (t) => {
  const data = moons({ size: 250, noise: 0.2, seed: 1 });
  const test = await data.heldOut!();
  const two = mlp({ hidden: [5], activation: "relu", spectralNorm: false }).build(
    { input: [2], output: [2] },
    key,
  );
  const generate = (k: Key, n: number): tf.Tensor => k.normal([n, 2]);
  const split = splitRows(data, { labeled: 10, validation: 30, unlabeled: "rest" }, key);
  const learner = {
    ...{ settings: {}, draws: {}, players: [], every: 1, generate },
    classifierLoss: () => tf.scalar(0),
    dispose() {},
  };
  const examiner = examinerOf({
    data,
    test,
    split,
    classifier: two,
    averaged: two,
    learner,
    samples: 500,
    key,
  });
  const { evaluation } = await examiner.examine(3);
  const outputs = (x: tf.Tensor): number[][] => two.apply(x, { training: false }).arraySync() as number[][];
  const everyRow = Array.from({ length: 250 }, (_, i) => i);
  const wrong = (of: FiniteDataset, indices: ArrayLike<number>): number =>
    outputs(of.rows(indices)).filter(([a, b], i) => (b! > a! ? 1 : 0) !== of.labels![indices[i]!]).length;
  t.equal(evaluation.testErrors, wrong(test, everyRow));
  t.equal(evaluation.averagedErrors, evaluation.testErrors);
  t.equal(evaluation.validationErrors, wrong(data, split.validation));
  t.equal(evaluation.labeledErrors, wrong(data, split.labeled));
  const above = outputs(data.rows(split.unlabeled)).filter((row) => Math.max(...row) > 0).length;
  close(
    t,
    evaluation.unlabeledAbove,
    above / split.unlabeled.length,
    "all unlabelled rows, being fewer than asked for",
  );
  const generated = [0, 100, 200, 300, 400].flatMap((first) =>
    outputs(generate(key.fold("generated", 3, first), 100)),
  );
  const below = generated.filter((row) => Math.max(...row) <= 0).length;
  t.ok(below > 0 && below < 500, "some of both");
  close(t, evaluation.generatedBelow!, below / 500, "generated rows");
  examiner.dispose();
});

t.test("principalPlane() finds the directions of most variance", async (t) => {
  const flat = Array.from({ length: 200 }, (_, i) => [
    3 * Math.cos(i),
    0.01 * Math.sin(7 * i),
    1 + Math.sin(2.3 * i),
  ]);
  const plane = principalPlane(tf.tensor2d(flat), key);
  const points = plane.project(tf.tensor2d(flat)).arraySync();
  const centre = mean(flat.map((row) => row[2]!));
  points.forEach(([x, y], i) => {
    t.ok(Math.abs(Math.abs(x!) - Math.abs(flat[i]![0]! - mean(flat.map((row) => row[0]!)))) < 0.15);
    t.ok(Math.abs(Math.abs(y!) - Math.abs(flat[i]![2]! - centre)) < 0.15);
  });
  plane.dispose();
});

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
  const evaluated = events.filter((e) => e.type === "progress" && e.stage === "train" && e.step % 4 === 0);
  t.ok(evaluated.length >= 3);
  t.ok(Number.isFinite(metrics.generatedBelow) && metrics["against.generatedBelow"] === undefined);
});

t.test("bad-gan-ssl's iterations are recorded once, whatever the method", async (t) => {
  const told: unknown[] = [];
  const { warn } = console;
  console.warn = (message) => void told.push(message);
  t.teardown(() => {
    console.warn = warn;
  });
  for (const { name } of registry.all(SslMethods)) {
    const { critic: _, ...common } = tiny.method;
    const method = name === "dsgan" ? tiny.method : name === "supervised" ? name : { ...common, use: name };
    const { metrics } = await runOnce({ method }, { engine: "onnxruntime" });
    t.ok(Number.isFinite(metrics.testErrors), name);
    t.same(told, [], `${name}: no step is recorded anew at each call`);
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
  for (const at of [1, 13, 40]) {
    const store = await context.create(Stores, { use: "memory" });
    const stop = new AbortController();
    const events: RunEvent[] = [];
    let left = at;
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
    t.strictSame(bodies([...events, ...rest]), bodies(whole.events), `stopped after ${at} checkpoints`);
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
    const told: unknown[] = [];
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
      told.push(others);
    }
    trainings.push({ told, errors: results[0]!.testErrors });
  }
  t.same(
    trainings[0]!.told,
    trainings[1]!.told,
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

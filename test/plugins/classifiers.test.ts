/** Where classifiers come from: files of several kinds, other runs, trainings. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { lastValueFrom } from "rxjs";
import t, { type Test } from "tap";
import {
  assemble,
  type Classifier,
  type ClassifierPlace,
  ClassifierSources,
  contextOf,
  encodeTensors,
  Key,
  loadScenario,
  type RunContext,
  refsOf,
  run,
  type StoredTensor,
  Stores,
  tf,
  transientState,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { checkOptions } from "../conformance/options.ts";

await tf.setBackend("cpu");
await tf.ready();
const folder = mkdtempSync(join(tmpdir(), "dsgan-classifiers-"));
t.teardown(() => rmSync(folder, { recursive: true }));
const base = pathToFileURL(`${folder}/`);
const registry = await assemble(builtinPlugins);
const context = contextOf(registry, base);

const place: ClassifierPlace = { name: "mine", inputShape: [2, 3, 1], classes: 3, range: [0, 1] };
const images = (n: number): tf.Tensor => Key.from("images").uniform([n, 2, 3, 1]);

/** Opens what a scenario names. */
async function open(
  ref: { use: string; [option: string]: unknown },
  given: ClassifierPlace = place,
): Promise<Classifier> {
  const source = await context.create(ClassifierSources, refsOf(registry)(ClassifierSources).parse(ref));
  const opening = source.open(given, {
    ...context,
    key: Key.from(0),
    state: transientState(),
    signal: new AbortController().signal,
  } as RunContext);
  for (;;) {
    const { done, value } = await opening.next();
    if (done) return value;
  }
}

const near = (t: Test, a: tf.Tensor, b: tf.Tensor, within = 1e-5): void => {
  t.same(a.shape, b.shape);
  const other = b.dataSync();
  t.ok(
    a.dataSync().every((v, i) => Math.abs(v - other[i]!) < within),
    `${a.dataSync()} near ${other}`,
  );
};

t.test("every option is described", (t) => {
  for (const component of registry.all(ClassifierSources)) checkOptions(t, component, refsOf(registry));
  t.end();
});

/** A network and its weights as a file. */
function written(file: string, rename = (name: string) => name, turn = false) {
  const network = mlp({ hidden: [4], activation: "relu", spectralNorm: false }).build(
    { input: [2, 3, 1], output: [3] },
    Key.from("weights"),
  );
  const tensors = new Map<string, StoredTensor>();
  for (const [name, variable] of network.parameters) {
    const x = turn && variable.rank === 2 ? tf.transpose(variable) : variable;
    const flat = x.rank === 2 && x.shape[0] === 1 ? tf.reshape(x, [-1]) : x;
    tensors.set(rename(name), {
      dtype: "float32",
      shape: flat.shape,
      values: Float32Array.from(flat.dataSync()),
    });
  }
  writeFileSync(join(folder, file), encodeTensors(tensors));
  return network;
}

t.test("weights takes a network's weights from a safetensors file by name", async (t) => {
  const x = images(4);
  const network = written("own.safetensors");
  const wanted = network.apply(x, { training: false });
  const options = { use: "weights", network: { use: "mlp", hidden: [4], activation: "relu" } };
  near(t, (await open({ ...options, file: "own.safetensors" })).logits(x), wanted);

  written("theirs.safetensors", (name) => `model.${name.replace("/", ".")}`, true);
  const names = Object.fromEntries(
    [...network.parameters.keys()].map((name) => [name, `model.${name.replace("/", ".")}`]),
  );
  const theirs = await open({ ...options, file: "theirs.safetensors", names, layout: "pytorch" });
  near(t, theirs.logits(x), wanted);
  written("prefixed.safetensors", (name) => `classifier/${name}`);
  near(
    t,
    (await open({ ...options, file: "prefixed.safetensors", prefix: "classifier/" })).logits(x),
    wanted,
  );
  t.same(theirs.bounds, [0, 1]);

  const normalised = await open({
    ...options,
    file: "own.safetensors",
    mean: 0.5,
    deviation: 0.25,
    bounds: [-1, 2],
  });
  t.same(normalised.bounds, [-1, 2]);
  near(t, normalised.logits(x), network.apply(tf.div(tf.sub(x, 0.5), 0.25), { training: false }));

  const before = tf.memory().numTensors;
  for (const [given, message] of [
    [{ file: "none.safetensors" }, /none\.safetensors: there is no such file/],
    [
      { file: "theirs.safetensors" },
      /has no tensor "0\/weight"(\.|; did you mean ".*"\?) It has: model\.0\.weight/,
    ],
    [{ file: "theirs.safetensors", names }, /is float32 \[4,6\], but the network has float32 \[6,4\] there/],
    [
      { file: "own.safetensors", names: { "9/weight": "x" } },
      /network "mlp" has no "9\/weight"; it has 0\/weight/,
    ],
  ] as const) {
    await t.rejects(open({ ...options, ...given }), { name: "InputError", message });
  }
  t.equal(tf.memory().numTensors, before, "what failed left nothing behind");
});

t.test("weights calls what is to be checked before it gives the classifier out", async (t) => {
  written("checked.safetensors");
  const check = async ({ name }: Classifier): Promise<void> => {
    throw new Error(`not ${name}`);
  };
  const ref = {
    use: "weights",
    network: { use: "mlp", hidden: [4], activation: "relu" },
    file: "checked.safetensors",
  };
  const before = tf.memory().numTensors;
  await t.rejects(open(ref, { ...place, check }), { message: "not mine" });
  t.equal(tf.memory().numTensors, before);
});

/** Saves a layers model as its own `save` would in a browser. */
async function saved(name: string, model: tf.LayersModel): Promise<void> {
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const manifest = [{ paths: [`${name}.bin`], weights: weightSpecs }];
      writeFileSync(join(folder, `${name}.bin`), new Uint8Array(weightData as ArrayBuffer));
      writeFileSync(
        join(folder, `${name}.json`),
        JSON.stringify({ format: "layers-model", modelTopology, weightsManifest: manifest }),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
}

t.test("tfjs-model loads layers models, and takes probabilities for what they are", async (t) => {
  const x = images(4);
  const weights = [Key.from("w").normal([6, 3]), Key.from("b").normal([3])];
  for (const activation of ["linear", "softmax"] as const) {
    const dense = tf.layers.dense({ units: 3, activation });
    const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 3, 1] }), dense] });
    dense.setWeights(weights);
    await saved(activation, model);
  }
  const plain = await open({ use: "tfjs-model", model: "linear.json" });
  const shares = await open({ use: "tfjs-model", model: "softmax.json" });
  const logits = tf.add(tf.matMul(tf.reshape(x, [4, 6]), weights[0] as tf.Tensor2D), weights[1]!);
  near(t, plain.logits(x), logits);
  near(t, shares.logits(x), tf.logSoftmax(logits as tf.Tensor2D), 1e-4);
  near(
    t,
    tf.grad((at) => tf.sum(plain.logits(at)))(x),
    tf.reshape(tf.tile(tf.sum(weights[0]!, 1), [4]), [4, 2, 3, 1]),
  );
});

t.test("tfjs-model loads graph models with their gradients", async (t) => {
  const w = Key.from("w").normalArray(18);
  const type = { type: "DT_FLOAT" };
  const dim = (...sizes: number[]) => ({ shape: { dim: sizes.map((size) => ({ size: String(size) })) } });
  const node = [
    { name: "x", op: "Placeholder", attr: { dtype: type, shape: dim(-1, 6) } },
    {
      name: "w",
      op: "Const",
      attr: { dtype: type, value: { tensor: { dtype: "DT_FLOAT", tensorShape: dim(6, 3).shape } } },
    },
    {
      name: "y",
      op: "MatMul",
      input: ["x", "w"],
      attr: { T: type, transpose_a: { b: false }, transpose_b: { b: false } },
    },
    { name: "out", op: "Relu", input: ["y"], attr: { T: type } },
  ];
  writeFileSync(join(folder, "graph.bin"), new Uint8Array(w.buffer));
  writeFileSync(
    join(folder, "model.json"),
    JSON.stringify({
      format: "graph-model",
      modelTopology: { node, library: {}, versions: { producer: 1 } },
      weightsManifest: [{ paths: ["graph.bin"], weights: [{ name: "w", shape: [6, 3], dtype: "float32" }] }],
    }),
  );
  const x = images(4);
  const classifier = await open({ use: "tfjs-model", model: "." });
  const weights = tf.tensor2d(w, [6, 3]);
  near(t, classifier.logits(x), tf.relu(tf.matMul(tf.reshape(x, [4, 6]), weights)));
  const slope = tf.grad((at) => tf.sum(classifier.logits(at)))(x);
  near(t, slope, tf.grad((at) => tf.sum(tf.relu(tf.matMul(tf.reshape(at, [4, 6]), weights))))(x));

  for (const [model, message] of [
    ["absent", /absent.model\.json: there is no such file/],
    ["own.safetensors/model.json", /model\.json/],
  ] as const) {
    await t.rejects(open({ use: "tfjs-model", model }), { name: "InputError", message });
  }
  writeFileSync(join(folder, "broken.json"), "{}");
  await t.rejects(open({ use: "tfjs-model", model: "broken.json" }), {
    message: /cannot be loaded as a TensorFlow\.js model/,
  });
  await t.rejects(open({ use: "tfjs-model", model: "." }, { ...place, classes: 4 }), {
    message: /not \(n, classes\)/,
  });
});

const spots = {
  use: "arrays",
  values: Array.from({ length: 60 }, (_, i) => [[(i % 2) * 0.8 + 0.1], [0.5 + 0.01 * (i % 7)]]),
  labels: Array.from({ length: 60 }, (_, i) => i % 2),
  range: [0, 1],
};

t.test("run attacks what another run has trained, weights and all", async (t) => {
  const runs = join(folder, "runs");
  const application = (classifier: object, n: number): string =>
    JSON.stringify({
      name: "spots",
      engine: "cpu",
      application: {
        use: "evaluate-robustness",
        data: spots,
        n,
        classifiers: { judge: classifier },
        attacks: ["fgsm"],
        epsilons: { linf: [0.2, 0.5] },
        show: 0,
      },
    });
  const store = await context.create(Stores, { use: "folder", folder: runs });
  const metricsOf = async (text: string): Promise<unknown> => {
    const loaded = await loadScenario(text, { base, file: "spots", plugins: builtinPlugins });
    const last = await lastValueFrom(run(loaded, { store }));
    t.match(last, { type: "ended", status: "passed" }, JSON.stringify(last));
    return (await (await store.open((await store.list())[0]!)).result())?.metrics;
  };
  const network = { use: "mlp", hidden: [8] };
  const trained = {
    use: "trained",
    data: spots,
    network,
    optimizer: { use: "adam", learningRate: 0.03 },
    epochs: 20,
    batch: 20,
  };
  const first = await metricsOf(application(trained, 60));
  const [id] = await store.list();
  const again = await metricsOf(application({ use: "run", run: id, runs, network: "judge" }, 60));
  t.same(again, first);
  t.match(first, { "judge.clean": 1 });

  const refused = async (classifier: object, message: RegExp): Promise<void> => {
    const loaded = await loadScenario(application(classifier, 60), {
      base,
      file: "spots",
      plugins: builtinPlugins,
    });
    t.match(await lastValueFrom(run(loaded, { store })), { status: "failed", error: message });
  };
  await refused({ use: "run", run: id, runs, network: "critic" }, /has no network "critic"; it has: judge/);
  await refused(
    { use: "run", run: "spots-20200101-000000-abcd", runs },
    /no run "spots-20200101-000000-abcd"/,
  );
  await refused(
    { ...trained, data: { ...spots, labels: spots.labels.map((l) => 3 * l) } },
    /its data is \[2,1\] in 4 classes/,
  );
  await refused(
    { ...trained, bounds: [0, 0.5] },
    /image 1 has the value 0.89\d+, outside of the bounds \[0, 0.5\]/,
  );
});

t.test("trained heeds the sentinels", async (t) => {
  const before = tf.memory().numTensors;
  const training = async (notFinite: "stop" | "warn" | "off") => {
    const source = await context.create(ClassifierSources, {
      use: "trained",
      ...{ data: spots, network: { use: "mlp", hidden: [8] }, epochs: 1, batch: 8 },
      optimizer: { use: "sgd", learningRate: 1e30 },
    });
    const kinds: string[] = [];
    const opening = source.open({ name: "judge", inputShape: [2, 1], classes: 2, range: [0, 1] }, {
      ...context,
      ...{ key: Key.from(0), state: transientState(), signal: new AbortController().signal },
      sentinels: { notFinite, collapse: "off", runaway: "off" },
    } as RunContext);
    for (;;) {
      const { done, value } = await opening.next();
      if (done) {
        value.dispose();
        return kinds;
      }
      kinds.push(value.type);
    }
  };
  await t.rejects(training("stop"), {
    name: "RunError",
    message: /^train judge: the loss is (NaN|Infinity) at step \d+: training has diverged/,
  });
  const [warned, off] = [await training("warn"), await training("off")];
  t.equal(warned.filter((kind) => kind === "sentinel").length, 1);
  t.same(
    off,
    warned.filter((kind) => kind !== "sentinel"),
  );
  t.equal(tf.memory().numTensors, before, "and leaves no tensor behind");
});

/** TensorFlow.js models as others export them: of fixed batches, with noise, several outputs, sigmoids, whole numbers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import t, { type Test } from "tap";
import {
  type Classifier,
  type ClassifierPlace,
  Key,
  type RunContext,
  tf,
  transientState,
} from "../../core/mod.ts";
import { type TfjsModelOptions, tfjsModel } from "../../plugins/classifiers/tfjs-model/tfjs-model.ts";
import { node, placeholder, type Weight, writeGraph } from "../fixtures/graphs.ts";

await tf.setBackend("cpu");
await tf.ready();
const folder = mkdtempSync(join(tmpdir(), "dsgan tfjs #1 100% ä?-"));
t.teardown(() => rmSync(folder, { recursive: true }));
let made = 0;
const fresh = (): string => join(folder, `m ${made++} #%3F`);

const place: ClassifierPlace = { name: "mine", inputShape: [2, 3, 1], classes: 3, range: [0, 1] };
const two = { ...place, classes: 2 };

async function open(model: string, given: Partial<TfjsModelOptions> = {}, at = place): Promise<Classifier> {
  const opening = tfjsModel({ ...given, model }).open(at, { state: transientState() } as RunContext);
  for (;;) {
    const { done, value } = await opening.next();
    if (done) return value;
  }
}

const key = Key.from("tfjs models");
const x = key.fold("x").uniform([5, 2, 3, 1]);
const flat = tf.reshape(x, [5, 6]) as tf.Tensor2D;
const values = key.fold("w").normalArray(18);
const w: Weight = { shape: [6, 3], values };
const linear = tf.matMul(flat, tf.tensor2d(values, [6, 3]));
const product = node("y", "MatMul", ["x", "w"]);
const apart = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
const near = (t: Test, a: tf.Tensor, b: tf.Tensor, within = 1e-4): void => {
  t.same(a.shape, b.shape);
  t.ok(apart(a, b) < within, `${apart(a, b)} apart`);
};

t.test("weights are found under any name, in several files", async (t) => {
  const at = fresh();
  writeGraph(
    at,
    [placeholder("x", [-1, 6]), product],
    { w },
    { shards: ["group1 shard#1 100%.bin", "ä?%20.bin"] },
  );
  near(t, (await open(at)).logits(x), linear);
  near(t, (await open(join(at, "model.json"))).logits(x), linear);
  near(t, (await open(pathToFileURL(`${at}/model.json`).href)).logits(x), linear);
});

t.test("a graph of a fixed batch is run batch by batch, gradients too", async (t) => {
  for (const batch of [1, 2, 4]) {
    const at = fresh();
    writeGraph(at, [placeholder("x", [batch, 6]), product, node("out", "Relu", ["y"])], { w });
    const classifier = await open(at, { output: "logits" });
    near(t, classifier.logits(x), tf.relu(linear));
    const slope = tf.grad((image) => tf.sum(tf.square(classifier.logits(image))))(x);
    const wanted = tf.grad((image) =>
      tf.sum(tf.square(tf.relu(tf.matMul(tf.reshape(image, [5, 6]), tf.tensor2d(values, [6, 3]))))),
    )(x);
    near(t, slope, wanted);
  }
});

t.test("what cannot run says why, with the file and what to do", async (t) => {
  const refused = async (
    nodes: Parameters<typeof writeGraph>[1],
    message: RegExp,
    weights: Readonly<Record<string, Weight>> = { w },
  ): Promise<void> => {
    const at = fresh();
    writeGraph(at, [placeholder("x", [-1, 6]), ...nodes], weights);
    const error = (await t.rejects(open(at), { name: "InputError", message })) as Error;
    t.match(error.message, join(at, "model.json"));
    t.notMatch(error.message, /File an issue|dict\[/);
  };
  await refused(
    [product, node("odd", "FancyGelu", ["y"]), node("out", "Relu", ["odd"])],
    /TensorFlow.js has no operation FancyGelu \(node "odd"\): convert the model without it/,
  );
  await refused(
    [product, node("where", "Where", ["y"])],
    /node "where" \(Where\) has a result whose shape depends/,
  );
  await refused([product], /model\.json: it does not run: .*inner shapes/, { w: { shape: [9, 2], values } });
});

t.test("a model that takes whole numbers is given such, and has gradients all the same", async (t) => {
  const at = fresh();
  const nodes = [
    placeholder("x", [-1, 6], "int32"),
    node("f", "Cast", ["x"], { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } }),
    node("y", "MatMul", ["f", "w"]),
  ];
  writeGraph(at, nodes, { w });
  const bytes = { ...place, range: [0, 255] as const };
  const classifier = await open(at, {}, bytes);
  const images = tf.mul(255, x);
  const rounded = tf.matMul(tf.round(tf.mul(255, flat)), tf.tensor2d(values, [6, 3]));
  near(t, classifier.logits(images), rounded, 1e-2);
  const slope = tf.grad((image) => tf.sum(classifier.logits(image)))(images);
  near(
    t,
    tf.reshape(slope, [5, 6]),
    tf.tile(tf.reshape(tf.sum(tf.tensor2d(values, [6, 3]), 1), [1, 6]), [5, 1]),
  );
});

t.test("one output of a sigmoid is two classes, whatever it is called", async (t) => {
  const column: Weight = { shape: [6, 1], values: values.slice(0, 6) };
  const z = tf.matMul(flat, tf.tensor2d(values.slice(0, 6), [6, 1]));
  const wanted = tf.concat([tf.zerosLike(z), z], 1);
  const input = [placeholder("x", [-1, 6]), product];
  const [plain, squashed, hidden] = [fresh(), fresh(), fresh()];
  writeGraph(plain, input, { w: column });
  writeGraph(squashed, [...input, node("p", "Sigmoid", ["y"]), node("out", "Identity", ["p"])], {
    w: column,
  });
  const parts = [node("n", "Neg", ["y"]), node("e", "Exp", ["n"]), node("d", "AddV2", ["e", "one"])];
  const one = { shape: [1, 1], values: Float32Array.of(1) };
  writeGraph(hidden, [...input, ...parts, node("p", "RealDiv", ["one", "d"])], { w: column, one });
  near(t, (await open(plain, {}, two)).logits(x), wanted);
  near(t, (await open(squashed, {}, two)).logits(x), wanted);
  near(t, (await open(hidden, {}, two)).logits(x), wanted, 1e-3);
  near(t, (await open(squashed, { output: "probabilities" }, two)).logits(x), wanted, 1e-3);
  near(t, (await open(plain, { output: "logits" }, two)).logits(x), wanted);
  await t.rejects(open(plain), {
    message: /\[8,1\], not \(n, classes\) = \[8, 3\]; a single number tells two classes/,
  });
});

t.test(
  "a softmax is taken off, so that it cannot saturate; sigmoids of several labels are ranked",
  async (t) => {
    const loud: Weight = { shape: [6, 3], values: values.map((v) => 300 * v) };
    const z = tf.mul(300, linear) as tf.Tensor2D;
    const input = [placeholder("x", [-1, 6]), product];
    const [softmax, sigmoids] = [fresh(), fresh()];
    writeGraph(softmax, [...input, node("out", "Softmax", ["y"])], { w: loud });
    writeGraph(sigmoids, [...input, node("out", "Sigmoid", ["y"])], { w });
    const logits = (await open(softmax)).logits(x);
    near(t, logits, tf.sub(z, tf.logSumExp(z, 1, true)), 1e-2);
    near(t, (await open(sigmoids)).logits(x), linear);
    near(t, (await open(sigmoids, { output: "sigmoids" })).logits(x), linear, 1e-2);
    const shares = (await open(softmax, { output: "probabilities" })).logits(x);
    t.ok(shares.min().dataSync()[0]! > -70, "read as they are, small shares are lost");
  },
);

t.test("of several outputs the one that fits is taken, or the one that is named", async (t) => {
  const nodes = [
    placeholder("x", [-1, 6]),
    product,
    node("double", "AddV2", ["y", "y"]),
    node("features", "Relu", ["x"]),
    node("size", "Sum", ["x", "axis"], { keep_dims: { b: true } }),
  ];
  const weights = { w, axis: { shape: [1], values: Int32Array.of(1) } };
  const several = fresh();
  writeGraph(several, nodes, weights, { outputs: ["y", "double"] });
  await t.rejects(open(several), {
    name: "InputError",
    message: /it has 2 outputs, of which .* say which .* It has: "y/,
  });
  const advised = /head: "([^"]*)"/.exec(((await open(several).catch((e) => e)) as Error).message)![1]!;
  near(t, (await open(several, { head: advised })).logits(x), linear);
  near(t, (await open(several, { head: 1 })).logits(x), tf.mul(2, linear));
  near(t, (await open(several, { head: "double" })).logits(x), tf.mul(2, linear));
  await t.rejects(open(several, { head: "nope" }), { message: /it has no output "nope". It has: "y/ });

  const input = tf.input({ shape: [2, 3, 1] });
  const body = tf.layers.flatten().apply(input) as tf.SymbolicTensor;
  const heads = [5, 3, 7].map((units, i) =>
    tf.layers.dense({ units, name: `head${i}` }).apply(body),
  ) as tf.SymbolicTensor[];
  const model = tf.model({ inputs: input, outputs: heads });
  const at = await saved(model);
  near(t, (await open(at)).logits(x), (model.predict(x) as tf.Tensor[])[1]!);
  near(
    t,
    (await open(at, { head: "head2" }, { ...place, classes: 7 })).logits(x),
    (model.predict(x) as tf.Tensor[])[2]!,
  );
});

/** Saves a layers model as `model.save` does. */
async function saved(model: tf.LayersModel, change = (topology: string) => topology): Promise<string> {
  const at = fresh();
  writeGraph(at, []);
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      writeFileSync(join(at, "w.bin"), new Uint8Array(weightData as ArrayBuffer));
      const manifest = [{ paths: ["w.bin"], weights: weightSpecs }];
      const topology = JSON.parse(change(JSON.stringify(modelTopology)));
      const json = { format: "layers-model", modelTopology: topology, weightsManifest: manifest };
      writeFileSync(join(at, "model.json"), JSON.stringify(json));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  return at;
}

t.test("layers models with a last activation, and in the spelling of Keras 3", async (t) => {
  const layers = (activation: "softmax" | "sigmoid", units: number) => [
    tf.layers.flatten({ inputShape: [2, 3, 1] }),
    tf.layers.dense({ units, activation }),
  ];
  const before = (model: tf.LayersModel): tf.Tensor => {
    const [kernel, bias] = model.getWeights();
    return tf.add(tf.matMul(flat, kernel as tf.Tensor2D), bias!);
  };
  const softmax = tf.sequential({ layers: layers("softmax", 3) });
  const z = before(softmax) as tf.Tensor2D;
  const file = await saved(softmax);
  const tensors = tf.memory().numTensors;
  const classifier = await open(file);
  tf.tidy(() => near(t, classifier.logits(x), tf.sub(z, tf.logSumExp(z, 1, true))));
  classifier.dispose();
  t.equal(tf.memory().numTensors, tensors, "nothing is left behind");
  const apartLayers = tf.sequential({
    layers: [...layers("sigmoid", 3).slice(0, 1), tf.layers.dense({ units: 3 }), tf.layers.softmax()],
  });
  near(
    t,
    tf.softmax((await open(await saved(apartLayers))).logits(x) as tf.Tensor2D),
    apartLayers.predict(x) as tf.Tensor,
  );
  const single = tf.sequential({ layers: layers("sigmoid", 1) });
  const both = (await open(await saved(single), {}, two)).logits(x);
  near(t, both, tf.concat([tf.zeros([5, 1]), before(single)], 1));

  // as Keras 3 has it: batch_shape, types as objects, calls as arguments
  const keras3 = await saved(softmax, (topology) =>
    topology.replaceAll('"batch_input_shape"', '"batch_shape"'),
  );
  t.match(readFileSync(join(keras3, "model.json"), "utf8"), "batch_shape");
  near(t, (await open(keras3)).logits(x), tf.sub(z, tf.logSumExp(z, 1, true)));
  const tensor = (name: string, shape: readonly (number | null)[]) => ({
    class_name: "__keras_tensor__",
    config: { shape, dtype: "float32", keras_history: [name, 0, 0] },
  });
  const policy = {
    module: "keras",
    class_name: "DTypePolicy",
    config: { name: "float32" },
    registered_name: null,
  };
  const functional = {
    class_name: "Functional",
    config: {
      name: "functional",
      layers: [
        {
          class_name: "InputLayer",
          config: { batch_shape: [null, 2, 3, 1], dtype: "float32", sparse: false, name: "in" },
          name: "in",
          inbound_nodes: [],
        },
        {
          class_name: "Flatten",
          config: { name: "flat", dtype: policy, data_format: "channels_last" },
          name: "flat",
          inbound_nodes: [{ args: [tensor("in", [null, 2, 3, 1])], kwargs: {} }],
        },
        {
          class_name: "Dense",
          config: { name: "dense", dtype: policy, units: 3, activation: "linear", use_bias: false },
          name: "dense",
          inbound_nodes: [{ args: [tensor("flat", [null, 6])], kwargs: {} }],
        },
      ],
      input_layers: [["in", 0, 0]],
      output_layers: [["dense", 0, 0]],
    },
  };
  const at = fresh();
  writeGraph(at, [], { "dense/kernel": w });
  const json = JSON.parse(readFileSync(join(at, "model.json"), "utf8"));
  const modelTopology = { model_config: functional, keras_version: "3.0.0", backend: "tensorflow" };
  writeFileSync(join(at, "model.json"), JSON.stringify({ ...json, format: "layers-model", modelTopology }));
  near(t, (await open(at)).logits(x), linear);
});

t.test("noise is drawn from the key", async (t) => {
  const shape = { shape: [2], values: Int32Array.of(5, 3) };
  for (const op of ["RandomStandardNormal", "RandomUniform", "TruncatedNormal"]) {
    const at = fresh();
    const noise = { name: "noise", op, input: ["shape"], attr: { dtype: { type: "DT_FLOAT" } } };
    const fixed = [placeholder("x", [5, 6]), product, noise, node("out", "AddV2", ["y", "noise"])];
    writeGraph(at, fixed as never, { w, shape });
    const classifier = await open(at);
    const [one, again, other, none] = [key, key, key.fold(1), undefined].map((k) => classifier.logits(x, k));
    t.equal(apart(one!, again!), 0, `${op}: the same key, the same noise`);
    t.ok(apart(one!, other!) > 1e-3 && apart(one!, linear) > 1e-3 && apart(one!, linear) < 6);
    t.ok(apart(none!, linear) > 1e-3);
    if (op === "TruncatedNormal") t.ok(apart(one!, linear) <= 2 + 1e-5);
  }
});

t.test("quantised weights are read", async (t) => {
  const at = fresh();
  writeGraph(at, [placeholder("x", [-1, 6]), product], { w: { ...w, quantised: true } });
  near(t, (await open(at)).logits(x), linear, 0.1);
});

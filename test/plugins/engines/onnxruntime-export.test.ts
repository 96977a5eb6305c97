/** Networks as ONNX files: run by onnxruntime-node's public API and held against tfjs's own `cpu`. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import t from "tap";
import {
  Key,
  type Network,
  type NetworkPlan,
  type NetworkPorts,
  type OnnxFile,
  RunError,
  sizeOf,
  tf,
  verifyOnnx,
} from "../../../core/mod.ts";
import type { OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { featureCritic } from "../../../plugins/networks/feature-critic/feature-critic.ts";
import { imageClassifier } from "../../../plugins/networks/image-classifier/image-classifier.ts";
import { imageGenerator } from "../../../plugins/networks/image-generator/image-generator.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { sslImageClassifier } from "../../../plugins/networks/ssl-image-classifier/ssl-image-classifier.ts";
import { mnistClassifier, mnistGenerator } from "../../../plugins/networks/ssl-mnist/ssl-mnist.ts";

const engine = onnxruntime();
await engine.start();
const writer = engine.onnx!;
const key = Key.from("export");

const perceptron = (options: Partial<Parameters<typeof mlp>[0]>): NetworkPlan =>
  mlp({ hidden: [9, 6], activation: "relu", spectralNorm: false, ...options });

interface Row {
  readonly name: string;
  readonly plan: NetworkPlan;
  readonly ports: NetworkPorts;
  /** Rows that `cpu` can be asked for. */
  readonly batches?: readonly number[];
}

const rows: Row[] = [
  { name: "mlp", plan: perceptron({}), ports: { input: [4], output: [2] } },
  { name: "a linear map", plan: perceptron({ hidden: [] }), ports: { input: [3], output: [3] } },
  {
    name: "mlp with spectral norm",
    plan: perceptron({ spectralNorm: true, activation: "leaky-relu" }),
    ports: { input: [5, 4, 1], output: [1] },
  },
  {
    name: "mlp to images",
    plan: perceptron({ activation: "elu" }),
    ports: { input: [4], output: [4, 6], range: [0, 3] },
  },
  {
    name: "mlp of softplus",
    plan: perceptron({ activation: "softplus" }),
    ports: { input: [2], output: [1] },
  },
  {
    name: "Table 4, generator",
    plan: mnistGenerator(),
    ports: { input: [100], output: [28, 28, 1], prior: "uniform", range: [-1, 1] },
  },
  { name: "Table 4, discriminator", plan: featureCritic(), ports: { input: [250], output: [1] } },
  {
    name: "Table 4, classifier",
    plan: mnistClassifier(),
    ports: { input: [28, 28, 1], output: [10], inputRange: [0, 1] },
  },
  {
    name: "Table 5, generator, a quarter as wide",
    plan: imageGenerator({ channels: 128 }),
    ports: { input: [100], output: [32, 32, 3], prior: "normal", range: [-1, 1] },
    batches: [1, 4],
  },
  {
    name: "Table 6, SVHN",
    plan: sslImageClassifier({ dataset: "svhn" }),
    ports: { input: [32, 32, 3], output: [10] },
    batches: [2],
  },
  {
    name: "Table 6, CIFAR-10",
    plan: sslImageClassifier({ dataset: "cifar10" }),
    ports: { input: [32, 32, 3], output: [10] },
    batches: [1],
  },
  {
    name: "Table 7, a quarter as wide",
    plan: imageClassifier({ filters: 24, dropout: 0.5 }),
    ports: { input: [32, 32, 3], output: [10] },
    batches: [1, 3],
  },
];

const use = (network: Network) => (x: tf.Tensor) => network.apply(x, { training: false });
const write = (network: Network): OnnxFile =>
  writer.write({
    apply: use(network),
    input: network.inputShape,
    weights: new Map([...network.parameters, ...network.state]),
    metadata: { of: "a test" },
  });

/** Runs a file by the package's public API. */
async function ran({ bytes }: OnnxFile, x: Float32Array, shape: readonly number[]) {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const { y } = await session.run({ x: new Tensor("float32", x, shape) });
  const { inputNames, outputNames } = session;
  await session.release();
  return { names: [inputNames, outputNames], shape: y!.dims, values: y!.data as Float32Array };
}

/** Largest difference, relative to the largest value. */
function distance(a: Float32Array, b: Float32Array): number {
  const scale = b.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0) / scale;
}

const files: [name: string, bytes: Uint8Array][] = [];

for (const { name, plan, ports, batches = [1, 2, 5, 64] } of rows) {
  t.test(`onnx.write() of ${name} gives what cpu computes, for any number of rows`, async (t) => {
    const network = plan.build(ports, key.fold(name));
    const tensors = tf.memory().numTensors;
    const file = write(network);
    t.match(file, { batch: "any", reason: undefined });
    t.ok((await verifyOnnx(writer, file, use(network), ports, name)) < 1e-4);
    t.equal(tf.memory().numTensors, tensors, "nothing is left behind");
    t.equal((tf.backend() as OnnxBackend).counts.pending, 0);
    files.push([name, file.bytes]);

    // the same network where nothing of the engine's is involved
    const weights = new Map<string, Float32Array>();
    for (const [part, v] of [...network.parameters, ...network.state]) {
      weights.set(part, (await v.data()).slice() as Float32Array);
    }
    network.dispose();
    await tf.setBackend("cpu");
    const twin = plan.build(ports, key);
    for (const [part, v] of [...twin.parameters, ...twin.state]) {
      tf.tidy(() => v.assign(tf.tensor(weights.get(part)!, v.shape)));
    }
    for (const n of batches) {
      const x = key.fold(name, n).uniformArray(n * sizeOf(ports.input), ...(ports.inputRange ?? [-1, 1]));
      const expected = tf.tidy(() => use(twin)(tf.tensor(x, [n, ...ports.input])).dataSync() as Float32Array);
      const { names, shape, values } = await ran(file, x, [n, ...ports.input]);
      t.same(names, [["x"], ["y"]]);
      t.same(shape, [n, ...ports.output]);
      const off = distance(values, expected);
      t.ok(off < 1e-4, `a batch of ${n} is off by ${off}`);
    }
    twin.dispose();
    await tf.setBackend("onnxruntime");
  });
}

/** A function of a batch that no network of ours computes. */
type Odd = [name: string, f: (x: tf.Tensor) => tf.Tensor, input: number[]];

const odd: Odd[] = [
  ["its input", (x) => x, [3]],
  ["a shape that its input already had", (x) => tf.reshape(x, [-1, 2, 2]), [4]],
  ["rows of ones", (x) => tf.concat([x, tf.ones([x.shape[0]!, 2])], 1), [3]],
  ["a window of its input", (x) => tf.slice(x, [0, 1], [-1, 2]), [4]],
  ["rows in the opposite order", (x) => tf.reverse(x, 0), [3]],
  [
    "all rows but the ends of a longer batch",
    (x) => tf.slice(tf.tile(x, [2, 1]), [1, 0], [x.shape[0]!, 2]),
    [2],
  ],
  ["the mean of its batch", (x) => tf.add(x, tf.mean(x, 0)), [3]],
  [
    "products of its rows",
    (x) => tf.sum(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, false, true), 1, true),
    [3],
  ],
  [
    "transposed products within rows",
    (x) => tf.matMul(x as tf.Tensor3D, x as tf.Tensor3D, true, false),
    [3, 2],
  ],
  ["images twice as large", (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [6, 4]), [3, 2, 1]],
  ["the mean of windows", (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "same"), [5, 5, 2]],
];

for (const [name, f, input] of odd) {
  t.test(`onnx.write() of a function that gives ${name} takes any number of rows`, async (t) => {
    const file = writer.write({ apply: f, input, weights: new Map(), metadata: {} });
    t.match(file, { batch: "any", reason: undefined });
    await verifyOnnx(writer, file, f, { input, output: [] }, name);
    files.push([name, file.bytes]);
    for (const n of [1, 4, 6, 50]) {
      const x = key.fold(name, n).normalArray(n * sizeOf(input));
      const expected = tf.tidy(() => f(tf.tensor(x, [n, ...input])).dataSync() as Float32Array);
      const off = distance((await ran(file, x, [n, ...input])).values, expected);
      t.ok(off < 1e-5, `a batch of ${n} is off by ${off}`);
    }
  });
}

t.test("onnx.write() takes one row where what is done depends on the number of rows", async (t) => {
  const divided = (x: tf.Tensor): tf.Tensor => tf.div(x, x.shape[0]!);
  const squares = (x: tf.Tensor): tf.Tensor => tf.reshape(tf.tile(x, [x.shape[0]!, x.shape[0]!]), [-1, 2]);
  const different = (x: tf.Tensor): tf.Tensor => (x.shape[0]! % 2 === 0 ? tf.neg(x) : tf.exp(x));
  const changing = (x: tf.Tensor): tf.Tensor =>
    Array.from({ length: x.shape[0]! }).reduce((y: tf.Tensor) => tf.tanh(y), x);
  const twice = (x: tf.Tensor): tf.Tensor => tf.tile(x, [2, 1]);
  for (const [f, reason] of [
    [divided, "its numbers depend on the number of rows"],
    [squares, /^for batches of 2,3,5,7,11,13 it has shapes of 8,27,125,/],
    [changing, "what it does depends on the number of rows"],
    [twice, "its output has not a row for each row of its input"],
  ] as const) {
    const file = writer.write({ apply: f, input: [2], weights: new Map(), metadata: {} });
    t.match(file, { batch: 1, reason });
    await verifyOnnx(writer, file, f, { input: [2], output: [2] }, "it");
  }
  // most of the sizes agree, and do something else than the others: trying it tells
  const file = writer.write({ apply: different, input: [2], weights: new Map(), metadata: {} });
  t.equal(file.batch, "any");
  await t.rejects(verifyOnnx(writer, file, different, { input: [2], output: [2] }, "it"), {
    name: "RunError",
    message: /^it, on a batch of 18, gives/,
  });
});

t.test("onnx.write() refuses what reads values as it goes", (t) => {
  const reading = (x: tf.Tensor): tf.Tensor => tf.mul(x, x.dataSync()[0]!);
  t.throws(
    () => writer.write({ apply: reading, input: [2], weights: new Map(), metadata: {} }),
    new RunError(
      "it cannot be written as ONNX: it reads values as it goes, or uses kernels without an ONNX form",
    ),
  );
  t.equal((tf.backend() as OnnxBackend).counts.pending, 0);
  t.end();
});

t.test("onnx.write() keeps weights under their names, each once, whatever they are called", async (t) => {
  const a = tf.variable(tf.tensor1d([1, 2, 3]));
  const b = tf.variable(tf.tensor2d([[4, 5, 6]]));
  const weights = new Map<string, tf.Variable>([
    ["x", a],
    ["constant", b],
  ]);
  const apply = (x: tf.Tensor): tf.Tensor =>
    tf.mul(tf.add(tf.add(x, a), tf.reshape(a, [1, 3])), tf.add(b, 1));
  const file = writer.write({ apply, input: [3], weights, metadata: {} });
  await verifyOnnx(writer, file, apply, { input: [3], output: [3] }, "it");
  const text = Buffer.from(file.bytes).toString("latin1");
  t.equal(text.split(String.fromCharCode(...new Uint8Array(Float32Array.of(1, 2, 3).buffer))).length, 2);
  tf.dispose([a, b]);
});

t.test("verifyOnnx() refuses a file that gives something else", async (t) => {
  const network = perceptron({}).build({ input: [4], output: [2] }, key);
  const other = perceptron({}).build({ input: [4], output: [2] }, key.fold("other"));
  const ports: NetworkPorts = { input: [4], output: [2] };
  await t.rejects(verifyOnnx(writer, write(other), use(network), ports, "g.onnx"), {
    name: "RunError",
    message: /^g\.onnx, on a batch of 1, gives \S+ where the network itself gives \S+ \(value 0 of 2\): /,
  });
  const wide = perceptron({}).build({ input: [5], output: [2] }, key);
  await t.rejects(verifyOnnx(writer, write(wide), use(network), ports, "g.onnx"), {
    name: "RunError",
    message: /^g\.onnx does not run on a batch of 1: /,
  });
  const zero = { ...writer, run: () => new Float32Array(40) };
  const nan = (x: tf.Tensor): tf.Tensor => tf.mul(tf.slice(x, [0, 0], [-1, 2]), Number.NaN);
  await t.rejects(
    verifyOnnx(zero, write(network), nan, ports, "g.onnx"),
    /gives 0 where the network itself gives NaN/,
  );
  tf.dispose([...network.parameters.values()]);
  for (const each of [other, wide]) each.dispose();
});

const python = process.env.DSGAN_PYTHON ?? "python3";
const skip =
  spawnSync(python, ["-c", "import onnx"]).status !== 0 &&
  `${python} -c 'import onnx' fails: pip install onnx, or name another interpreter in DSGAN_PYTHON`;

t.test("every file passes ONNX's own checker", { skip }, (t) => {
  const folder = t.testdir();
  files.forEach(([, bytes], i) => void writeFileSync(join(folder, `${i}.onnx`), bytes));
  const script =
    "import sys, onnx\n" +
    "for i in range(int(sys.argv[2])):\n" +
    "  model = onnx.load(f'{sys.argv[1]}/{i}.onnx')\n" +
    "  onnx.checker.check_model(model, full_check=True)\n" +
    "  assert {o.domain for o in model.opset_import} == {''}, model.opset_import\n" +
    "  assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == 'n'\n" +
    "  print(len(model.graph.node))\n";
  const { status, stderr, stdout } = spawnSync(python, ["-c", script, folder, `${files.length}`]);
  t.equal(status, 0, `${stderr}`);
  t.equal(`${stdout}`.trim().split("\n").length, files.length);
  t.end();
});

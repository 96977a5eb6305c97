/** Weights and images in other layouts than ours: turned where that is right, refused where it isn't. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import {
  type Classifier,
  classifierOf,
  encodeTensors,
  Key,
  type NetworkPlan,
  PLAIN,
  type RunContext,
  type StoredTensor,
  tf,
} from "../../core/mod.ts";
import { type WeightsOptions, weights } from "../../plugins/classifiers/weights/weights.ts";
import { convnet } from "../../plugins/networks/convnet/convnet.ts";
import {
  affine,
  batchNorm,
  conv2d,
  dense,
  flatten,
  globalAveragePooling,
  networkOf,
  relu,
  reshape,
} from "../../plugins/networks/layers/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";

await tf.setBackend("cpu");
const folder = mkdtempSync(join(tmpdir(), "dsgan-layouts-"));
t.teardown(() => rmSync(folder, { recursive: true }));
const shape = [6, 5, 3];
const place = { name: "mine", inputShape: shape, classes: 4, range: [0, 1] as const };

/** Layers with batch norm between flattening and the dense ones, and one that averages first. */
const normalised: NetworkPlan = {
  name: "normalised",
  build: (ports, key) => {
    const body = [affine(conv2d(4, { size: 3 }), { init: "he" }), relu, flatten, batchNorm, relu];
    const head = [affine(dense(4), { init: "he" }), batchNorm, reshape(ports.output)];
    return networkOf({ name: "normalised", body, head }, ports, key);
  },
};
const averaged: NetworkPlan = {
  name: "averaged",
  build: (ports, key) => {
    const body = [affine(conv2d(6, { size: 3 }), { init: "he" }), relu, globalAveragePooling];
    return networkOf({ name: "averaged", body, head: [affine(dense(4), { init: "he" })] }, ports, key);
  },
};

/** A network with random values everywhere, and its tensors as PyTorch has them: computed by index, not by the rule. */
function inPyTorch(plan: NetworkPlan, flattened: Readonly<Record<string, readonly number[]>>) {
  const network = plan.build({ input: shape, output: [4] }, Key.from("network"));
  const tensors = new Map<string, StoredTensor>();
  for (const [name, variable] of [...network.parameters, ...network.state]) {
    variable.assign(Key.from(name).uniform(variable.shape, 0.1, 0.9));
    const values = variable.dataSync() as Float32Array;
    const image = flattened[name];
    const at = (channel: number, row: number, column: number): number =>
      (row * image![1]! + column) * image![2]! + channel;
    const order: number[] = []; // where each of PyTorch's inputs stands here
    if (image !== undefined) {
      for (let c = 0; c < image[2]!; c++)
        for (let h = 0; h < image[0]!; h++) for (let w = 0; w < image[1]!; w++) order.push(at(c, h, w));
    }
    const dims = variable.shape;
    let out: StoredTensor;
    if (dims.length === 2) {
      const [inputs, units] = dims as [number, number];
      const place = (i: number): number => order[i] ?? i;
      const matrix = Float32Array.from({ length: inputs * units }, (_, k) => {
        const [unit, input] = [Math.floor(k / inputs), k % inputs];
        return values[place(input) * units + unit]!;
      });
      out = { dtype: "float32", shape: [units, inputs], values: matrix };
    } else if (dims.length === 4) {
      const [h, w, i, o] = dims as [number, number, number, number];
      const filter = Float32Array.from({ length: h * w * i * o }, (_, k) => {
        const [x, y] = [k % w, Math.floor(k / w) % h];
        const [input, output] = [Math.floor(k / (w * h)) % i, Math.floor(k / (w * h * i))];
        return values[((y * w + x) * i + input) * o + output]!;
      });
      out = { dtype: "float32", shape: [o, i, h, w], values: filter };
    } else {
      const vector = Float32Array.from(values, (_, k) => values[order[k] ?? k]!);
      out = { dtype: "float32", shape: dims, values: vector };
    }
    tensors.set(name, out);
  }
  return { network, tensors };
}

async function open(given: WeightsOptions, tensors: ReadonlyMap<string, StoredTensor>): Promise<Classifier> {
  writeFileSync(join(folder, "w.safetensors"), encodeTensors(tensors));
  const opening = weights(given).open(place, { key: Key.from(0) } as RunContext);
  for (;;) {
    const { done, value } = await opening.next();
    if (done) return value;
  }
}

const file = join(folder, "w.safetensors");
const x = Key.from("x").uniform([5, ...shape]);
const apart = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

t.test("layout: pytorch turns what follows a flattened image, and nothing else", async (t) => {
  for (const [plan, flattened] of [
    [convnet({ filters: [4, 5], hidden: [7] }), { "2/weight": [2, 2, 5] }],
    [convnet({ filters: [5], hidden: [] }), { "1/weight": [3, 3, 5] }],
    [mlp({ hidden: [8], spectralNorm: false }), { "0/weight": shape }],
    [
      normalised,
      Object.fromEntries(
        ["1/scale", "1/shift", "1/mean", "1/variance", "2/weight"].map((name) => [name, [4, 3, 4]]),
      ),
    ],
    [averaged, {}],
  ] as const) {
    const { network, tensors } = inPyTorch(plan, flattened);
    t.same([...(network.flattened?.keys() ?? [])].sort(), Object.keys(flattened).sort(), plan.name);
    const wanted = network.apply(x, { training: false });
    const classifier = await open({ network: plan, file, layout: "pytorch" }, tensors);
    t.ok(apart(classifier.logits(x), wanted) < 1e-4, `${plan.name} gives what PyTorch gives`);
    const last = await open({ network: plan, file, layout: "pytorch-channels-last" }, tensors);
    const isSame = apart(last.logits(x), wanted) < 1e-4;
    t.equal(
      isSame,
      Object.keys(flattened).length === 0,
      `${plan.name}: its images are flattened channels first`,
    );
  }
});

t.test("an mlp may be given its images channels first instead", async (t) => {
  const plan = mlp({ hidden: [8], spectralNorm: false });
  const { network, tensors } = inPyTorch(plan, { "0/weight": shape });
  const wanted = network.apply(x, { training: false });
  const classifier = await open({ network: plan, file, layout: "pytorch", channelsFirst: true }, tensors);
  t.ok(apart(classifier.logits(x), wanted) < 1e-4);
});

t.test("a layout is advised where it helps, and the advice helps", async (t) => {
  const plan = mlp({ hidden: [8], spectralNorm: false });
  const { tensors } = inPyTorch(plan, { "0/weight": shape });
  await t.rejects(open({ network: plan, file }, tensors), {
    message: /\[90,8\] there: set layout: pytorch$/,
  });
  const wrong = new Map([
    ...tensors,
    ["0/weight", { ...tensors.get("0/weight")!, shape: [45, 16] }] as const,
  ]);
  for (const layout of ["tensorflow", "pytorch"] as const) {
    await t.rejects(open({ network: plan, file, layout }, wrong), {
      message: /the network has float32 \[90,8\] there$/,
    });
  }
});

t.test("images are compared with what the network takes by layout, not by size alone", (t) => {
  const made = (network: readonly number[], channelsFirst: boolean, image: readonly number[] = [6, 5, 3]) =>
    classifierOf({ ...place, inputShape: image }, { ...PLAIN, channelsFirst }, network, (y) =>
      tf.zeros([y.shape[0]!, 4]),
    );
  for (const [network, first, image] of [
    [[6, 5, 3], false],
    [[3, 6, 5], true],
    [[90], false],
    [[90], true],
    [[1, 90], false],
    [[28, 28, 1], false, [28, 28]],
    [[28, 28], false, [28, 28, 1]],
    [[1, 28, 28], false, [28, 28, 1]],
    [[1, 28, 28], true, [28, 28, 1]],
    [[28, 28, 1], true, [28, 28, 1]],
    [[6, 5, 3], false, [90]],
  ] as const) {
    t.doesNotThrow(() => made(network, first, image), `[${network}] ${first}`);
  }
  const advice = /set channelsFirst: true|take channelsFirst: true out/;
  for (const [network, first] of [
    [[3, 6, 5], false],
    [[6, 5, 3], true],
  ] as const) {
    t.throws(() => made(network, first), { name: "InputError", message: advice });
    t.doesNotThrow(() => made(network, !first), "the advice helps");
  }
  for (const network of [[5, 6, 3], [9, 10], [6, 15], [91]]) {
    for (const first of [false, true]) {
      t.throws(() => made(network, first), {
        name: "InputError",
        message: /but the data's images are \[6,5,3\]/,
      });
    }
  }
  t.end();
});

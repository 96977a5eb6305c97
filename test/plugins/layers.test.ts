import t from "tap";
import { Key, type Mode, tf } from "../../core/mod.ts";
import { each, leakyRelu, sigmoidInto, tanhInto } from "../../plugins/networks/layers/activations.ts";
import { affine } from "../../plugins/networks/layers/affine.ts";
import { batchNorm } from "../../plugins/networks/layers/batch-norm.ts";
import type { Layer, LayerPlan } from "../../plugins/networks/layers/layer.ts";
import { conv2d, conv2dTranspose, dense, type LinearPlan } from "../../plugins/networks/layers/linear.ts";
import { networkOf } from "../../plugins/networks/layers/network.ts";
import { dropout, dropout2d, gaussianNoise } from "../../plugins/networks/layers/noise.ts";
import { flatten, globalAveragePooling, reshape } from "../../plugins/networks/layers/shapes.ts";
import { weightNorm } from "../../plugins/networks/layers/weight-norm.ts";

await tf.setBackend("cpu");
await tf.ready();

const key = Key.from("layers");
const training: Mode = { training: true, key: key.fold("noise") };
const use: Mode = { training: false };
const values = (x: tf.Tensor): number[] => [...x.dataSync()];
const worst = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length ? Math.max(...a.map((x, i) => Math.abs(x - b[i]!))) : Number.POSITIVE_INFINITY;

/** An image's value, 0 outside of it. */
const at = (image: number[][][], y: number, x: number, c: number): number => image[y]?.[x]?.[c] ?? 0;

t.test("conv2d() pads all sides alike, at stride 2 too", async (t) => {
  const [h, w, c, filters] = [6, 5, 2, 3] as const;
  const x = key.fold("x").normal([1, h, w, c]);
  const filter = key.fold("w").normal([3, 3, c, filters]);
  const image = (x.arraySync() as number[][][][])[0]!;
  const W = filter.arraySync() as number[][][][];
  for (const [stride, padding] of [
    [1, 1],
    [2, 1],
    [1, 0],
    [2, 0],
  ] as const) {
    const map = conv2d(filters, { size: 3, stride, padding })([h, w, c]);
    t.same(map.weight, [3, 3, c, filters]);
    const rows = Math.floor((h + 2 * padding - 3) / stride) + 1;
    const columns = Math.floor((w + 2 * padding - 3) / stride) + 1;
    const expected: number[] = [];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        for (let f = 0; f < filters; f++) {
          let sum = 0;
          for (let u = 0; u < 3; u++)
            for (let v = 0; v < 3; v++)
              for (let l = 0; l < c; l++)
                sum += W[u]![v]![l]![f]! * at(image, stride * i + u - padding, stride * j + v - padding, l);
          expected.push(sum);
        }
      }
    }
    const y = map.apply(x, filter);
    t.same(y.shape, [1, ...map.output]);
    t.same(map.output, [rows, columns, filters]);
    t.ok(worst(values(y), expected) < 1e-5, `stride ${stride}, padding ${padding}`);
  }
  t.throws(() => conv2d(1, { size: 3 })([2, 2, 1]), /too small/, "images below the window are refused");
  t.throws(() => conv2d(1, { size: 3 })([4]), /takes images/, "rows are refused");
});

t.test("conv2dTranspose() is the transpose of its convolution and doubles sides", async (t) => {
  const map = conv2dTranspose(2, { size: 5, stride: 2 })([4, 3, 3]);
  t.same(map.output, [8, 6, 2]);
  t.same(map.weight, [5, 5, 2, 3]);
  const filter = key.fold("w").normal(map.weight);
  const x = key.fold("x").normal([2, 4, 3, 3]);
  const y = key.fold("y").normal([2, 8, 6, 2]);
  // ⟨Aᵀx, y⟩ = ⟨x, Ay⟩, A being the convolution with padding 2 on all sides
  const there = tf.sum(tf.mul(map.apply(x, filter), y)).dataSync()[0]!;
  const conv = conv2d(3, { size: 5, stride: 2, padding: 2 })([8, 6, 2]);
  const back = tf.sum(tf.mul(x, conv.apply(y, filter))).dataSync()[0]!;
  t.ok(Math.abs(there - back) < 1e-3 * Math.abs(there), `${there} and ${back}`);
  t.ok(Math.abs(there) > 1, "which isn't 0");
});

/** Mean and standard deviation of each unit, its last axis. */
const momentsOf = (y: tf.Tensor): { mean: number[]; deviation: number[] } => {
  const { mean, variance } = tf.moments(
    y,
    y.shape.slice(0, -1).map((_, axis) => axis),
  );
  return { mean: values(mean), deviation: values(tf.sqrt(variance)) };
};

const maps: Record<string, { input: number[]; plan: LinearPlan }> = {
  dense: { input: [7], plan: dense(5) },
  conv2d: { input: [6, 6, 3], plan: conv2d(5, { size: 3, stride: 2, padding: 1 }) },
  conv2dTranspose: { input: [3, 3, 4], plan: conv2dTranspose(5, { size: 5, stride: 2 }) },
};

for (const [name, { input, plan }] of Object.entries(maps)) {
  t.test(`weightNorm() of ${name} applies W·g/√(ΣW² + 1e-6)`, async (t) => {
    const map = plan(input);
    const layer = weightNorm(plan, { deviation: 0.05, trainScale: true })(input, key);
    const { weight, scale, bias } = layer.parameters!;
    t.same(scale!.shape, [5]);
    tf.tidy(() => scale!.assign(key.fold("g").uniform([5], 0.5, 2)));
    tf.tidy(() => bias!.assign(key.fold("b").normal([5])));
    const W = values(weight!);
    const behind = map.weight.slice(map.unitAxis + 1).reduce((a, b) => a * b, 1);
    const unit = (i: number): number => Math.floor(i / behind) % 5;
    const squares = W.reduce((s, w, i) => s.with(unit(i), s[unit(i)]! + w * w), Array<number>(5).fill(0));
    const g = values(scale!);
    const v = W.map((w, i) => (w * g[unit(i)]!) / Math.sqrt(squares[unit(i)]! + 1e-6));
    // a batch that is smaller than the weight, and one that is larger, take different paths
    for (const n of [1, 40]) {
      const x = key.fold("x").normal([n, ...input]);
      const expected = tf.add(map.apply(x, tf.tensor(v, [...map.weight])), bias!);
      t.ok(worst(values(layer.apply(x, use)), values(expected)) < 1e-4, `of ${n} rows`);
    }
  });

  t.test(`weightNorm() of ${name} initialises outputs to mean 0 and deviation s`, async (t) => {
    for (const [initDeviation, trainScale] of [
      [1, false],
      [0.1, true],
    ] as const) {
      const layer = weightNorm(plan, { deviation: 0.05, initDeviation, trainScale })(input, key);
      const x = key.fold("data").normal([50, ...input], 3, 2);
      t.ok(momentsOf(layer.apply(x, use)).deviation.some((s) => Math.abs(s - initDeviation) > 0.2));
      const weight = values(layer.parameters!.weight!);
      const y = layer.initialize!(x, training);
      const { mean, deviation } = momentsOf(layer.apply(x, use));
      t.ok(worst(mean, Array(5).fill(0)) < 1e-5, `means ${mean}`);
      // 1e-6 under the root moves a variance of 0.01 by no more than a ten-thousandth
      t.ok(worst(deviation, Array(5).fill(initDeviation)) < 1e-4, `deviations ${deviation}`);
      t.same(values(y), values(layer.apply(x, use)), "and gives that output");
      t.same(values(layer.parameters!.weight!), weight, "W stays");
      t.same(Object.keys(layer.parameters!), ["weight", "bias", ...(trainScale ? ["scale"] : [])]);
      t.same(Object.keys(layer.state ?? {}), trainScale ? [] : ["scale"]);
    }
  });
}

t.test("batchNorm() normalises by the batch in training, by running statistics in use", async (t) => {
  for (const shape of [
    [20, 3],
    [4, 2, 5, 3],
  ]) {
    const layer = batchNorm(shape.slice(1), key);
    const { scale, shift } = layer.parameters!;
    tf.tidy(() => scale!.assign(tf.tensor1d([1, 2, 0.5])));
    tf.tidy(() => shift!.assign(tf.tensor1d([0, -1, 3])));
    const x = tf.add(key.fold("bn").normal(shape, 0, 2), tf.tensor1d([1, -2, 5]));
    const rows = tf.reshape(x, [-1, 3]).arraySync() as number[][];
    const n = rows.length;
    const mean = [0, 1, 2].map((c) => rows.reduce((s, r) => s + r[c]!, 0) / n);
    const variance = mean.map((m, c) => rows.reduce((s, r) => s + (r[c]! - m) ** 2, 0) / n);
    const normed = (m: number[], v: number[]): number[] =>
      rows.flatMap((r) =>
        r.map((a, c) => ((a - m[c]!) / Math.sqrt(v[c]! + 1e-5)) * [1, 2, 0.5][c]! + [0, -1, 3][c]!),
      );

    t.ok(worst(values(layer.apply(x, use)), normed([0, 0, 0], [1, 1, 1])) < 1e-5, "at first 0 and 1");
    t.ok(worst(values(layer.apply(x, training)), normed(mean, variance)) < 1e-4, "in training");
    const unbiased = variance.map((v) => (v * n) / (n - 1));
    const moved = {
      mean: mean.map((m) => 0.1 * m),
      variance: unbiased.map((v) => 0.9 + 0.1 * v),
    };
    t.ok(worst(values(layer.state!.mean!), moved.mean) < 1e-5, "the running mean moves a tenth");
    t.ok(worst(values(layer.state!.variance!), moved.variance) < 1e-4, "the running variance too");
    t.ok(worst(values(layer.apply(x, use)), normed(moved.mean, moved.variance)) < 1e-4, "in use");
    t.ok(worst(values(layer.state!.mean!), moved.mean) < 1e-5, "a pass in use moves nothing");
  }
});

t.test("batchNorm() moves its statistics within a gradient, and leaves the gradient right", async (t) => {
  const layer = batchNorm([2], key);
  const x = key.fold("x").normal([6, 2]);
  const target = key.fold("target").normal([6, 2]);
  const loss = (input: tf.Tensor): tf.Scalar => tf.sum(tf.mul(layer.apply(input, training), target));
  const before = tf.memory().numTensors;
  const slope = tf.grad(loss)(x);
  t.equal(tf.memory().numTensors, before + 1, "only the gradient is left");
  t.notSame(values(layer.state!.mean!), [0, 0]);
  checkGradient(t, loss, x, slope);
});

/** Compares a gradient with central differences. */
function checkGradient(
  t: { ok(value: unknown, message: string): boolean },
  loss: (x: tf.Tensor) => tf.Scalar,
  x: tf.Tensor,
  gradient: tf.Tensor,
): void {
  const h = 1e-2;
  const start = values(x);
  const value = (i: number, by: number): number =>
    tf.tidy(() => loss(tf.tensor(start.with(i, start[i]! + by), x.shape)).dataSync()[0]!);
  const differences = start.map((_, i) => (value(i, h) - value(i, -h)) / (2 * h));
  const size = Math.max(...differences.map(Math.abs));
  const off = worst(values(gradient), differences);
  t.ok(size > 0.01 && off < 0.01 * Math.max(1, size), `off by ${off}, the largest being ${size}`);
}

t.test("gaussianNoise() adds N(0, σ²) in training, a function of the key", async (t) => {
  const layer = gaussianNoise(0.5)([100], key);
  const x = tf.fill([200, 100], 2);
  const y = values(layer.apply(x, training));
  const mean = y.reduce((a, b) => a + b, 0) / y.length;
  const deviation = Math.sqrt(y.reduce((s, v) => s + (v - mean) ** 2, 0) / y.length);
  const n = y.length;
  t.ok(Math.abs(mean - 2) < (5 * 0.5) / Math.sqrt(n), `mean ${mean}`);
  t.ok(Math.abs(deviation - 0.5) < (5 * 0.5) / Math.sqrt(2 * n), `deviation ${deviation}`);
  t.equal(worst(values(layer.apply(x, training)), y), 0, "same key, same noise");
  t.ok(
    worst(values(layer.apply(x, { training: true, key: key.fold("other") })), y) > 0.1,
    "other key, other noise",
  );
  t.equal(worst(values(layer.apply(x, use)), values(x)), 0, "none in use");
  t.throws(() => layer.apply(x, { training: true }), /needs a key/);
});

t.test("dropout() zeroes single values and keeps the mean", async (t) => {
  const y = values(dropout(0.2)([50, 4, 5], key).apply(tf.ones([20, 50, 4, 5]), training));
  const zeros = y.filter((v) => v === 0).length / y.length;
  t.ok(Math.abs(zeros - 0.2) < 5 * Math.sqrt((0.2 * 0.8) / y.length), `share of zeros ${zeros}`);
  t.ok(
    y.every((v) => v === 0 || Math.abs(v - 1.25) < 1e-6),
    "the others are divided by 1 − rate",
  );
  const x = tf.ones([2, 3]);
  t.same(values(dropout(0.9)([3], key).apply(x, use)), values(x), "none in use");
  t.same(values(dropout(0)([3], key).apply(x, { training: true })), values(x), "a rate of 0 needs no key");
});

t.test("dropout2d() zeroes whole channels", async (t) => {
  const y = dropout2d(0.5)([3, 4, 20], key).apply(tf.ones([50, 3, 4, 20]), training);
  const least = values(tf.min(y, [1, 2]));
  const most = values(tf.max(y, [1, 2]));
  t.equal(worst(least, most), 0, "a channel is all alike");
  t.same([...new Set(least)].sort(), [0, 2], "0, or 1/(1 − rate)");
  const zeros = least.filter((v) => v === 0).length / least.length;
  t.ok(Math.abs(zeros - 0.5) < 5 * Math.sqrt(0.25 / least.length), `share of channels ${zeros}`);
  t.throws(() => dropout2d(0.5)([20], key), /takes images/);
});

t.test("globalAveragePooling, flatten and reshape() change shapes", async (t) => {
  const x = tf.tensor4d([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2]);
  const pooled = globalAveragePooling([2, 2, 2], key);
  t.same(pooled.output, [2]);
  t.same(pooled.apply(x, use).arraySync(), [[2.5, 25]]);
  t.same(flatten([2, 2, 2], key).apply(x, use).shape, [1, 8]);
  t.same(reshape([4, 2])([2, 2, 2], key).apply(x, use).shape, [1, 4, 2]);
  t.throws(() => reshape([7])([2, 2, 2], key), /sizes differ/);
});

t.test("activations squash into ranges", async (t) => {
  const x = tf.tensor1d([-30, 0, 1, 30]);
  const sigmoid = 1 / (1 + Math.exp(-1));
  t.ok(worst(values(sigmoidInto([0, 1])(x)), [0, 0.5, sigmoid, 1]) < 1e-6);
  t.ok(worst(values(sigmoidInto([-1, 3])(x)), [-1, 1, -1 + 4 * sigmoid, 3]) < 1e-6);
  t.ok(worst(values(tanhInto([-1, 1])(x)), [-1, 0, Math.tanh(1), 1]) < 1e-6);
  t.ok(worst(values(tanhInto([0, 4])(x)), [0, 2, 2 + 2 * Math.tanh(1), 4]) < 1e-5);
  t.ok(worst(values(leakyRelu(0.2)([4], key).apply(x, use)), [-6, 0, 1, 30]) < 1e-5);
});

t.test("every layer's gradients agree with differences", async (t) => {
  const plans: Record<string, { input: number[]; plan: LayerPlan }> = {
    affine: { input: [4], plan: affine(dense(3), { init: "he" }) },
    "affine conv": { input: [4, 4, 2], plan: affine(conv2d(2, { size: 3 }), { init: "glorot" }) },
    "weight norm": { input: [4], plan: weightNorm(dense(3), { deviation: 0.1, trainScale: true }) },
    "weight norm conv": {
      input: [4, 4, 2],
      plan: weightNorm(conv2d(2, { size: 3, stride: 2, padding: 1 }), { deviation: 0.1, trainScale: true }),
    },
    "weight norm transpose conv": {
      input: [2, 2, 2],
      plan: weightNorm(conv2dTranspose(2, { size: 5, stride: 2 }), { deviation: 0.1, trainScale: true }),
    },
    dropout: { input: [8], plan: dropout(0.5) },
    dropout2d: { input: [2, 2, 4], plan: dropout2d(0.5) },
    noise: { input: [4], plan: gaussianNoise(0.5) },
    pooling: { input: [2, 2, 3], plan: globalAveragePooling },
    each: { input: [4], plan: each((x) => tf.tanh(x)) },
  };
  for (const [name, { input, plan }] of Object.entries(plans)) {
    const layer: Layer = plan(input, key.fold(name));
    for (const n of [2, 9]) {
      const x = key.fold(name, "x").normal([n, ...input]);
      const against = key.fold(name, "against").normal([n, ...layer.output]);
      const loss = (y: tf.Tensor): tf.Scalar => tf.mean(tf.mul(y, against)) as tf.Scalar;
      const ofInput = (input: tf.Tensor): tf.Scalar => tf.mul(loss(layer.apply(input, training)), 10);
      await t.test(`${name}, ${n} rows, input`, async (t) =>
        checkGradient(t, ofInput, x, tf.grad(ofInput)(x)),
      );
      for (const [of, variable] of Object.entries(layer.parameters ?? {})) {
        const ofParameter = (value: tf.Tensor): tf.Scalar => {
          variable.assign(value);
          return tf.mul(loss(layer.apply(x, training)), 10);
        };
        await t.test(`${name}, ${n} rows, ${of}`, async (t) => {
          const start = tf.clone(variable);
          const { grads } = tf.variableGrads(() => tf.mul(loss(layer.apply(x, training)), 10), [variable]);
          checkGradient(t, ofParameter, start, grads[variable.name]!);
          variable.assign(start);
        });
      }
    }
  }
});

t.test("networkOf() cuts a network in two, and gives each layer noise of its own", async (t) => {
  const noisy = gaussianNoise(1);
  const body = [noisy, noisy, affine(dense(3), { init: "he" })];
  const net = networkOf({ name: "net", body, head: [noisy, affine(dense(2), { init: "he" })] }, ports, key);
  const x = key.normal([4, 5]);
  t.same(net.features!.shape, [3]);
  for (const mode of [training, use]) {
    const whole = values(net.apply(x, mode));
    t.same(values(net.features!.head(net.features!.of(x, mode), mode)), whole, "apply = head ∘ features");
  }
  t.notSame(values(net.apply(x, training)), values(net.apply(x, use)));

  // Were the two noises the same, their sum's variance would be 4 rather than 2.
  const two = networkOf({ name: "two", body: [noisy, noisy] }, { input: [5000], output: [5000] }, key);
  const sum = values(two.apply(tf.zeros([1, 5000]), training));
  const variance = sum.reduce((s, v) => s + v * v, 0) / sum.length;
  t.ok(Math.abs(variance - 2) < 5 * 2 * Math.sqrt(2 / sum.length), `variance ${variance}`);

  t.same([...net.parameters.keys()], ["0/weight", "0/bias", "1/weight", "1/bias"]);
  t.equal(net.initialize, undefined, "nothing to initialise");
});

const ports = { input: [5], output: [2] };

t.test("networkOf() refuses an output of another shape, and frees what it had built", async (t) => {
  const before = tf.memory().numTensors;
  const body = [affine(dense(3), { init: "he" })];
  t.throws(() => networkOf({ name: "net", body }, ports, key), /network "net".*\[3\].*\[2\]/);
  t.throws(() => networkOf({ name: "net", body: [...body, globalAveragePooling] }, ports, key), /"net"/);
  t.equal(tf.memory().numTensors, before);
});

t.test("networkOf() initialises layer after layer, noise on, and leaves no tensor behind", async (t) => {
  const normed = (units: number): LayerPlan[] => [
    gaussianNoise(0.5),
    weightNorm(dense(units), { deviation: 0.1 }),
  ];
  const net = networkOf({ name: "net", body: [...normed(4), ...normed(2)] }, ports, key);
  const x = key.fold("data").normal([200, 5], 1, 3);
  const before = tf.memory().numTensors;
  net.initialize!(x, training.key!);
  t.equal(tf.memory().numTensors, before);
  const { mean, deviation } = momentsOf(net.apply(x, training)); // the same key: the same noise
  t.ok(worst(mean, [0, 0]) < 1e-5 && worst(deviation, [1, 1]) < 1e-4, `${mean}; ${deviation}`);
});

import t from "tap";
import { tf } from "../../../core/mod.ts";

await tf.setBackend("cpu");
await tf.ready();

/** Away from 0, ±1 and each other: no kink lies within a difference's reach. */
const at = [-2.1, -0.7, -0.35, 0.4, 0.85, 1.6];
const other = tf.tensor1d([-1.5, -1.2, 0.3, -0.2, 1.4, 0.9]);

/** Elementwise functions whose second derivative is not 0 and passes through the gradient in question. */
const functions: readonly { name: string; f: (x: tf.Tensor) => tf.Tensor }[] = [
  { name: "leakyRelu", f: (x) => tf.pow(tf.leakyRelu(x, 0.3), 3) },
  { name: "elu", f: (x) => tf.elu(x) },
  { name: "a function of elu", f: (x) => tf.pow(tf.elu(x), 3) },
  { name: "elu of a function", f: (x) => tf.elu(tf.mul(x, tf.square(x))) },
  { name: "tanh", f: (x) => tf.tanh(x) },
  { name: "sigmoid", f: (x) => tf.sigmoid(x) },
  { name: "softplus", f: (x) => tf.softplus(x) },
  { name: "exp", f: (x) => tf.exp(x) },
  { name: "softmax", f: (x) => tf.square(tf.softmax(tf.mul(x, other))) },
  { name: "relu", f: (x) => tf.pow(tf.relu(x), 3) },
  { name: "maximum", f: (x) => tf.square(tf.maximum(tf.mul(x, x), tf.add(x, other))) },
  { name: "minimum", f: (x) => tf.square(tf.minimum(tf.mul(x, x), tf.add(x, other))) },
  { name: "greater and where", f: (x) => tf.where(tf.greater(x, other), tf.pow(x, 3), tf.square(x)) },
  { name: "less and where", f: (x) => tf.where(tf.less(tf.square(x), other), tf.pow(x, 3), tf.square(x)) },
  {
    name: "logical operations",
    f: (x) =>
      tf.where(
        tf.logicalOr(tf.logicalNot(tf.lessEqual(x, 0)), tf.logicalAnd(tf.notEqual(x, 0), tf.equal(x, 5))),
        tf.pow(x, 3),
        tf.square(x),
      ),
  },
  {
    name: "a comparison as a factor",
    f: (x) => tf.mul(tf.pow(x, 3), tf.cast(tf.greaterEqual(x, 0), "float32")),
  },
];

for (const { name, f } of functions) {
  t.test(`${name} has the second derivative that differences of the first have`, async (t) => {
    const sum = (x: tf.Tensor): tf.Scalar => tf.sum(f(x));
    const first = tf.grad(sum);
    const second = [
      ...tf
        .grad((x: tf.Tensor) => tf.sum(first(x)))(tf.tensor1d(at))
        .dataSync(),
    ];
    const h = 1e-2;
    const firstAt = (by: number): ArrayLike<number> => first(tf.tensor1d(at.map((x) => x + by))).dataSync();
    const [above, below] = [firstAt(h), firstAt(-h)];
    const largest = Math.max(...second.map(Math.abs));
    t.ok(largest > 0.05, `there is a second derivative: ${largest}`);
    for (const [i, d2] of second.entries()) {
      const central = (above[i]! - below[i]!) / (2 * h);
      // h²/6 times a fourth derivative below 400, and float32's 1e-6 of a first derivative below 30 over 2h
      t.ok(
        Math.abs(d2 - central) < 1e-2 * Math.max(1, largest),
        `at ${at[i]}: ${d2}, by differences ${central}`,
      );
    }
  });
}

t.test("the mended gradients are those of their functions", async (t) => {
  const functions: readonly [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number][] = [
    ["exp", (x) => tf.exp(x), Math.exp],
    ["elu", (x) => tf.elu(x), (x) => (x < 0 ? Math.exp(x) : 1)],
    ["tanh", (x) => tf.tanh(x), (x) => 1 / Math.cosh(x) ** 2],
    ["sigmoid", (x) => tf.sigmoid(x), (x) => 1 / (Math.exp(x) + 2 + Math.exp(-x))],
  ];
  for (const [name, f, derivative] of functions) {
    const first = tf
      .grad((x: tf.Tensor) => tf.sum(f(x)))(tf.tensor1d(at))
      .dataSync();
    for (const [i, d] of first.entries()) {
      t.ok(Math.abs(d - derivative(at[i]!)) < 1e-5, `${name} at ${at[i]}: ${d}`);
    }
  }
  // ∂y₀/∂xⱼ = y₀(δ₀ⱼ − yⱼ) in each row
  const x = tf.tensor2d([
    [0.5, -1],
    [2, 0.1],
  ]);
  const y = tf.softmax(x).arraySync() as number[][];
  const first = (z: tf.Tensor): tf.Tensor => tf.sum(tf.slice(z, [0, 0], [2, 1]));
  const d = tf
    .grad((x: tf.Tensor) => first(tf.softmax(x as tf.Tensor2D)))(x)
    .arraySync() as number[][];
  for (const i of [0, 1]) {
    for (const j of [0, 1]) {
      const own = j === 0 ? 1 : 0;
      t.ok(Math.abs(d[i]![j]! - y[i]![0]! * (own - y[i]![j]!)) < 1e-6, `softmax, row ${i}, column ${j}`);
    }
  }
});

t.test("elu's second derivative is eˣ below 0, and 0 above", async (t) => {
  const second = tf.grad((x: tf.Tensor) => tf.sum(tf.grad((y: tf.Tensor) => tf.sum(tf.elu(y)))(x)));
  for (const [i, d2] of second(tf.tensor1d(at)).dataSync().entries()) {
    t.ok(Math.abs(d2 - (at[i]! < 0 ? Math.exp(at[i]!) : 0)) < 1e-6, `at ${at[i]}: ${d2}`);
  }
});

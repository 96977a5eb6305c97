import t from "tap";
import {
  assemble,
  Key,
  type Network,
  type NetworkPlan,
  type NetworkPorts,
  Networks,
  parameterCount,
  refsOf,
  tf,
} from "../../core/mod.ts";
import convnetPlugin, { convnet } from "../../plugins/networks/convnet/convnet.ts";
import imageTranslatorPlugin, {
  imageTranslator,
} from "../../plugins/networks/image-translator/image-translator.ts";
import mlpPlugin, { type MlpOptions, mlp } from "../../plugins/networks/mlp/mlp.ts";
import { checkNetwork } from "../conformance/network.ts";
import { checkOptions } from "../conformance/options.ts";

await tf.setBackend("cpu");
await tf.ready();

const key = Key.from("networks");
const training = { training: true };
const build = (options: MlpOptions, input: number[], output: number[]): Network =>
  mlp({ hidden: [6, 5], ...options }).build({ input, output }, key);
const values = (x: tf.Tensor): number[] => [...x.dataSync()];
const allClose = (test: Tap, actual: number[], expected: number[], within: number, what: string): void => {
  const worst = Math.max(...actual.map((a, i) => Math.abs(a - expected[i]!)));
  test.ok(
    actual.length === expected.length && worst <= within,
    `${what}: off by ${worst}, allowed ${within}`,
  );
};
type Tap = { ok(value: unknown, message: string): boolean };

/** A new network is a row here. */
const table: readonly [NetworkPlan, NetworkPorts][] = [
  [mlp({ hidden: [6, 5] }), { input: [4], output: [3, 2, 1] }],
  [mlp({ hidden: [6, 5], activation: "tanh" }), { input: [2, 2], output: [3], range: [2, 5] }],
  [mlp({ hidden: [6], spectralNorm: true }), { input: [3], output: [1] }],
  [mlp({ hidden: [] }), { input: [3], output: [2], range: [0, 1] }],
  [convnet({ filters: [4, 3], hidden: [7] }), { input: [9, 6, 2], output: [5], range: [-2, 2] }],
  [imageTranslator({ filters: [4] }), { input: [7, 5, 3], output: [7, 5, 2], range: [-0.1, 0.1] }],
];

for (const [plan, ports] of table) {
  t.test(`${plan.name}() of [${ports.input}] to [${ports.output}] meets the contract of networks`, (t) =>
    checkNetwork(t, plan, ports),
  );
}

/** The activations, in plain numbers. */
const plain = {
  relu: (x: number) => Math.max(0, x),
  "leaky-relu": (x: number) => (x > 0 ? x : 0.2 * x),
  elu: (x: number) => (x > 0 ? x : Math.exp(x) - 1),
  tanh: Math.tanh,
  softplus: (x: number) => Math.log1p(Math.exp(x)),
};

for (const activation of Object.keys(plain) as (keyof typeof plain)[]) {
  t.test(`mlp() with ${activation} computes what its parameters say`, async (t) => {
    const net = build({ activation }, [2, 2], [3]);
    const x = [
      [0.3, -1, 2, 0.7],
      [-2, 0.1, 0.4, -0.6],
    ];
    // biases start at 0: move them, or the test would not see them
    for (const [name, v] of net.parameters) {
      if (name.endsWith("bias")) tf.tidy(() => v.assign(key.fold("move", name).normal(v.shape)));
    }
    let rows = x;
    for (let i = 0; i < 3; i++) {
      const weight = net.parameters.get(`${i}/weight`)!.arraySync() as number[][];
      const bias = net.parameters.get(`${i}/bias`)!.arraySync() as number[];
      const linear = rows.map((row) =>
        bias.map((b, j) => row.reduce((s, r, l) => s + r * weight[l]![j]!, b)),
      );
      rows = i === 2 ? linear : linear.map((row) => row.map(plain[activation]));
    }
    const y = net.apply(tf.tensor3d(x.flat(), [2, 2, 2]), training);
    t.same(y.shape, [2, 3]);
    allClose(t, values(y), rows.flat(), 1e-4, "output");
    net.dispose();
  });
}

t.test("mlp() takes the shapes at both ends and names its parameters", async (t) => {
  const net = build({}, [4], [3, 2, 1]);
  t.same(net.apply(tf.zeros([7, 4]), training).shape, [7, 3, 2, 1]);
  t.same(
    [...net.parameters].map(([name, v]) => [name, v.shape]),
    [
      ["0/weight", [4, 6]],
      ["0/bias", [6]],
      ["1/weight", [6, 5]],
      ["1/bias", [5]],
      ["2/weight", [5, 6]],
      ["2/bias", [6]],
    ],
  );
  t.equal(net.state.size, 0);
  t.equal(net.prepare, undefined, "there is nothing to prepare");
  t.same(
    build({ hidden: [] }, [4], [2]).parameters.get("0/weight")!.shape,
    [4, 2],
    "no hidden layer: linear",
  );
  t.throws(() => net.apply(tf.zeros([2, 5]), training), "rows of another width are refused");
});

t.test("mlp() keeps its output within the range", async (t) => {
  for (const range of [
    [-1, 1],
    [0, 1],
    [2, 5],
  ] as const) {
    const net = mlp({ hidden: [32] }).build({ input: [2], output: [4], range }, key);
    const y = values(net.apply(key.normal([200, 2], 0, 20), training));
    const [low, high] = [Math.min(...y), Math.max(...y)];
    t.ok(low >= range[0] && high <= range[1], `[${low}, ${high}] lies in [${range}]`);
    t.ok(high - low > 0.9 * (range[1] - range[0]), "and fills it");
    const middle = values(net.apply(tf.zeros([1, 2]), training));
    allClose(t, middle, Array(4).fill((range[0] + range[1]) / 2), 1e-6, "biases of 0 give its middle");
    net.dispose();
  }
});

t.test("mlp() draws weights of the variance that suits the activation", async (t) => {
  const [inputs, width] = [200, 300];
  const he = 2 / inputs;
  const glorot = 2 / (inputs + width);
  const cases = [
    ["relu", undefined, he],
    ["leaky-relu", undefined, he],
    ["elu", undefined, he],
    ["tanh", undefined, glorot],
    ["softplus", undefined, glorot],
    ["tanh", "he", he],
    ["relu", "glorot", glorot],
  ] as const;
  for (const [activation, init, expected] of cases) {
    const net = build({ hidden: [width], activation, init }, [inputs], [width]);
    for (const [name, variance] of [
      ["0/weight", expected],
      ["1/weight", 2 / (width + width)],
    ] as const) {
      const w = values(net.parameters.get(name)!);
      const ratio = w.reduce((s, v) => s + v * v, 0) / w.length / variance;
      // the mean of n squares of normals has a relative standard error of √(2/n)
      t.ok(Math.abs(ratio - 1) < 5 * Math.sqrt(2 / w.length), `${activation}, ${init}, ${name}: ${ratio}`);
    }
    t.ok(
      values(net.parameters.get("0/bias")!).every((b) => b === 0),
      "biases are 0",
    );
    net.dispose();
  }
});

/** Largest singular value by a thousand power iterations in double precision. */
function largestSingularValue(w: number[][]): number {
  let v = w[0]!.map((_, j) => 1 + j / 7);
  let length = 0;
  for (let i = 0; i < 1000; i++) {
    const u = w.map((row) => row.reduce((s, x, j) => s + x * v[j]!, 0));
    const next = v.map((_, j) => w.reduce((s, row, l) => s + row[j]! * u[l]!, 0));
    length = Math.hypot(...next);
    v = next.map((x) => x / length);
  }
  return Math.sqrt(length);
}

t.test("mlp() with spectralNorm divides each weight by its largest singular value", async (t) => {
  const net = build({ hidden: [], spectralNorm: true }, [6], [4]);
  const weight = net.parameters.get("0/weight")!;
  const w = weight.arraySync() as number[][];
  const sigma = largestSingularValue(w);
  t.ok(Math.abs(sigma - 1) > 0.05, `it was not 1 before: ${sigma}`);
  for (let i = 0; i < 300; i++) net.prepare!();
  // rows of the identity give the rows of W/σ
  const scaled = values(net.apply(tf.eye(6), training));
  allClose(
    t,
    scaled,
    w.flat().map((x) => x / sigma),
    1e-4,
    "W/σ",
  );
  t.same(weight.arraySync(), w, "prepare leaves the parameters alone");
  t.same([...net.state.keys()], ["0/u", "0/v"]);
  for (const v of net.state.values()) allClose(t, [Math.hypot(...values(v))], [1], 1e-5, "a unit vector");
  net.dispose();
});

t.test("mlp() with spectralNorm makes one power iteration a step", async (t) => {
  const net = build({ hidden: [], spectralNorm: true }, [3], [2]);
  const w = net.parameters.get("0/weight")!.arraySync() as number[][];
  const u = values(net.state.get("0/u")!);
  net.prepare!();
  const product = w[0]!.map((_, j) => w.reduce((s, row, i) => s + row[j]! * u[i]!, 0));
  const v = product.map((x) => x / Math.hypot(...product));
  allClose(t, values(net.state.get("0/v")!), v, 1e-5, "v = Wᵀu/|Wᵀu|");
  const back = w.map((row) => row.reduce((s, x, j) => s + x * v[j]!, 0));
  allClose(
    t,
    values(net.state.get("0/u")!),
    back.map((x) => x / Math.hypot(...back)),
    1e-5,
    "u = Wv/|Wv|",
  );
});

t.test("mlp() with spectralNorm differentiates σ = uᵀWv in W", async (t) => {
  // With one output, u and v exact, y = x·W/|W|: its gradient in W is x/|W| − (x·W)·W/|W|³.
  const net = build({ hidden: [], spectralNorm: true }, [3], [1]);
  const weight = net.parameters.get("0/weight")!;
  const x = [0.5, -1, 2];
  const { grads } = tf.variableGrads(() => tf.sum(net.apply(tf.tensor2d([x]), training)), [weight]);
  const w = values(weight);
  const length = Math.hypot(...w);
  const dot = w.reduce((s, v, i) => s + v * x[i]!, 0);
  const expected = w.map((v, i) => x[i]! / length - (dot * v) / length ** 3);
  allClose(t, values(grads[weight.name]!), expected, 1e-5, "gradient");
});

t.test("mlp() with spectralNorm is 1-Lipschitz", async (t) => {
  const net = build({ hidden: [16, 16], activation: "leaky-relu", spectralNorm: true }, [4], [1]);
  for (let i = 0; i < 300; i++) net.prepare!();
  const slope = tf.grad((x: tf.Tensor) => tf.sum(net.apply(x, training)))(key.normal([100, 4]));
  const steepest = Math.max(...values(tf.norm(slope, "euclidean", 1)));
  t.ok(steepest <= 1 + 1e-3, `steepest slope ${steepest}`);
});

t.test("the component's defaults make three layers of 128", async (t) => {
  const registry = await assemble([mlpPlugin]);
  const found = registry.find(Networks, "mlp");
  const schema = found.options(refsOf(registry));
  const plan = await found.create(schema.parse({}), undefined as never);
  const net = plan.build({ input: [2], output: [1] }, key);
  t.same(net.parameters.get("2/weight")!.shape, [128, 128]);
  t.equal(net.parameters.size, 8);
  t.notOk(schema.safeParse({ hidden: [0] }).success, "a width of 0 is refused");
  t.notOk(schema.safeParse({ activation: "swish" }).success, "an unknown activation is refused");
});

t.test(
  "convnet() halves the sides with each convolution, rounded up, and squashes into a range",
  async (t) => {
    const net = convnet({ filters: [4, 3], hidden: [7] }).build(
      { input: [9, 6, 2], output: [5], range: [-2, 2] },
      key,
    );
    t.same(
      [...net.parameters].filter(([name]) => name.endsWith("weight")).map(([, weight]) => weight.shape),
      [
        [3, 3, 2, 4], // to [5, 3, 4]
        [3, 3, 4, 3], // to [3, 2, 3]
        [18, 7],
        [7, 5],
      ],
    );
    tf.tidy(() => {
      const y = net.apply(key.normal([10, 9, 6, 2]), training);
      t.same(y.shape, [10, 5]);
      t.ok(Math.min(...values(tf.moments(y, 0).variance)) > 0, "rows are told apart");
    });
    t.same(net.features!.shape, [18], "features are what the convolutions give");
    net.dispose();
    t.throws(() => convnet({ filters: [4], hidden: [] }).build({ input: [8], output: [1] }, key), {
      message: /a convolution takes images/,
    });
  },
);

t.test(
  "imageTranslator() keeps the sides, looks a few pixels around each, and squashes into a range",
  async (t) => {
    const net = imageTranslator({ filters: [4] }).build(
      { input: [7, 5, 3], output: [7, 5, 2], range: [-0.1, 0.1] },
      key,
    );
    tf.tidy(() => {
      const x = key.normal([2, 7, 5, 3], 0, 10);
      const y = net.apply(x, training);
      t.same(y.shape, [2, 7, 5, 2]);
      const slope = tf.grad((at) => tf.sum(tf.slice(net.apply(at, training), [0, 0, 0, 0], [1, 1, 1, 2])))(x);
      const seen = tf.sum(tf.abs(slope), [0, 3]).arraySync() as number[][];
      t.ok(
        seen.every((row, i) => row.every((v, j) => v === 0 || (i <= 2 && j <= 2))),
        "two 3 × 3 convolutions see 5 × 5",
      );
      t.ok(seen[2]![2]! > 0);
    });
    net.dispose();
    t.throws(
      () => imageTranslator({ filters: [] }).build({ input: [4, 4, 1], output: [16] }, key),
      /takes images/,
    );
    const registry = await assemble([imageTranslatorPlugin]);
    checkOptions(t, registry.find(Networks, "image-translator"), refsOf(registry));
  },
);

t.test("convnet's defaults are those of its page", async (t) => {
  const registry = await assemble([convnetPlugin]);
  const found = registry.find(Networks, "convnet");
  checkOptions(t, found, refsOf(registry));
  const plan = await found.create(found.options(refsOf(registry)).parse({}), undefined as never);
  t.equal(parameterCount(plan.build({ input: [28, 28, 1], output: [10] }, key)), 206_922);
});

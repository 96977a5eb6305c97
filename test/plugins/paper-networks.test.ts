/** The networks of DSGAN's Tables 4 to 7: shapes, and numbers of parameters derived from the tables. */
import t from "tap";
import {
  assemble,
  Key,
  type Mode,
  type Network,
  type NetworkPlan,
  type NetworkPorts,
  Networks,
  parameterCount,
  refsOf,
  tf,
} from "../../core/mod.ts";
import featureCriticPlugin, { featureCritic } from "../../plugins/networks/feature-critic/feature-critic.ts";
import imageClassifierPlugin, {
  imageClassifier,
} from "../../plugins/networks/image-classifier/image-classifier.ts";
import imageGeneratorPlugin, {
  imageGenerator,
} from "../../plugins/networks/image-generator/image-generator.ts";
import sslImageClassifierPlugin, {
  sslImageClassifier,
} from "../../plugins/networks/ssl-image-classifier/ssl-image-classifier.ts";
import sslMnistPlugin, {
  mnistClassifier,
  mnistGenerator,
} from "../../plugins/networks/ssl-mnist/ssl-mnist.ts";
import { checkNetwork } from "../conformance/network.ts";
import { checkOptions } from "../conformance/options.ts";

await tf.setBackend("cpu");
await tf.ready();

const key = Key.from("paper networks");
const training: Mode = { training: true, key: key.fold("noise") };
const use: Mode = { training: false };
const values = (x: tf.Tensor): number[] => [...x.dataSync()];

/** Weights and biases of dense layers with weight norm. */
const dense = (...widths: number[]): number =>
  widths.slice(1).reduce((sum, width, i) => sum + widths[i]! * width + width, 0);
/** Weights and biases of convolutions with weight norm: rows of [size, inputs, outputs]. */
const convs = (...rows: [size: number, inputs: number, outputs: number][]): number =>
  rows.reduce((sum, [size, inputs, outputs]) => sum + size ** 2 * inputs * outputs + outputs, 0);
/** Scale and shift of batch norm, in place of a bias. */
const normed = (units: number): number => 2 * units;

interface Row {
  readonly name: string;
  readonly plan: NetworkPlan;
  readonly input: number[];
  readonly output: number[];
  /** From the table. */
  readonly parameters: number;
  readonly features?: number;
}

const table6 = (a: number): number =>
  convs(
    [3, 3, a],
    [3, a, a],
    [3, a, a],
    [3, a, 2 * a],
    [3, 2 * a, 2 * a],
    [3, 2 * a, 2 * a],
    [3, 2 * a, 2 * a],
    [1, 2 * a, 2 * a],
    [1, 2 * a, 2 * a],
  ) +
  dense(2 * a, 10) +
  10; // the output's scale

const rows: Row[] = [
  {
    name: "Table 4, generator",
    plan: mnistGenerator(),
    input: [100],
    output: [28, 28, 1],
    parameters: 100 * 500 + normed(500) + 500 * 500 + normed(500) + dense(500, 784) + 784,
  },
  {
    name: "Table 4, discriminator",
    plan: featureCritic(),
    input: [250],
    output: [1],
    parameters: dense(250, 400, 200, 100, 1),
    features: 100,
  },
  {
    name: "Table 4, classifier",
    plan: mnistClassifier(),
    input: [28, 28, 1],
    output: [10],
    parameters: dense(784, 1000, 500, 250, 250, 250, 10) + 10,
    features: 250,
  },
  {
    name: "Table 4, classifier, narrow",
    plan: mnistClassifier({ hidden: [30, 20], outputNoise: 0 }),
    input: [28, 28, 1],
    output: [10],
    parameters: dense(784, 30, 20, 10) + 10,
    features: 20,
  },
  {
    name: "Table 4, generator, narrow",
    plan: mnistGenerator({ width: 20 }),
    input: [100],
    output: [28, 28, 1],
    parameters: 100 * 20 + normed(20) + 20 * 20 + normed(20) + dense(20, 784) + 784,
  },
  {
    name: "Table 5, generator",
    plan: imageGenerator({ channels: 512 }),
    input: [100],
    output: [32, 32, 3],
    parameters:
      100 * 8192 +
      normed(8192) +
      25 * 512 * 256 +
      normed(256) +
      25 * 256 * 128 +
      normed(128) +
      convs([5, 128, 3]) +
      3,
  },
  {
    name: "Table 6, SVHN",
    plan: sslImageClassifier({ dataset: "svhn" }),
    input: [32, 32, 3],
    output: [10],
    parameters: table6(64),
    features: 128,
  },
  {
    name: "Table 6, CIFAR-10",
    plan: sslImageClassifier({ dataset: "cifar10" }),
    input: [32, 32, 3],
    output: [10],
    parameters: table6(96),
    features: 192,
  },
  {
    name: "Table 6, narrow",
    plan: sslImageClassifier({ dataset: "svhn", filters: 8 }),
    input: [32, 32, 3],
    output: [10],
    parameters: table6(8),
    features: 16,
  },
  {
    name: "Table 7",
    plan: imageClassifier({ filters: 96, dropout: 0 }),
    input: [32, 32, 3],
    output: [10],
    parameters:
      convs([3, 3, 96], [3, 96, 96], [3, 96, 192], [3, 192, 192], [3, 192, 192], [1, 192, 192]) +
      dense(192, 192, 192, 192, 10) +
      10,
    features: 192,
  },
];

/** The same architectures, small. */
const small: readonly [NetworkPlan, NetworkPorts][] = [
  [featureCritic(), { input: [5], output: [1] }],
  [mnistGenerator({ width: 6 }), { input: [5], output: [4, 4, 1], range: [-1, 3] }],
  [mnistClassifier({ hidden: [6, 5] }), { input: [4, 4, 1], output: [3] }],
  [imageGenerator({ channels: 8, doublings: 2 }), { input: [5], output: [8, 8, 2], range: [0, 1] }],
  [imageClassifier({ filters: 3, dropout: 0.5 }), { input: [12, 12, 1], output: [4] }],
  [imageClassifier({ filters: 3 }), { input: [12, 12, 1], output: [4], range: [-1, 1] }],
  [sslImageClassifier({ dataset: "svhn", filters: 3 }), { input: [12, 12, 2], output: [4] }],
  [sslImageClassifier({ dataset: "cifar10", filters: 3 }), { input: [12, 12, 2], output: [4] }],
];

for (const [plan, ports] of small) {
  t.test(`${plan.name}() of [${ports.input}] to [${ports.output}] meets the contract of networks`, (t) =>
    checkNetwork(t, plan, ports),
  );
}

for (const { name, plan, input, output, parameters, features } of rows) {
  t.test(`${name}: shapes, and as many parameters as the table says`, async (t) => {
    const net = plan.build({ input, output }, key);
    t.equal(parameterCount(net), parameters);
    tf.tidy(() => {
      // convolutions and pooling take images of any size: small ones are quicker
      const x = key.uniform(input[0] === 32 ? [1, 12, 12, 3] : [1, ...input]);
      for (const mode of [training, use]) {
        const y = net.apply(x, mode);
        t.same(y.shape, [1, ...output]);
      }
    });
    t.same(net.features?.shape, features === undefined ? undefined : [features]);
    net.dispose();
  });
}

t.test("mnistClassifier() has noise before its output, unless told otherwise", async (t) => {
  const outputs = (outputNoise: number): number[] => {
    const net = mnistClassifier({ hidden: [6], outputNoise }).build({ input: [2, 2, 1], output: [3] }, key);
    const f = net.features!.of(key.uniform([1, 2, 2, 1]), use);
    const y = [training, use].flatMap((mode) => values(net.features!.head(f, mode)));
    net.dispose();
    return y;
  };
  const [noisy, plain] = [outputs(0.5), outputs(0)];
  t.notSame(noisy.slice(0, 3), noisy.slice(3), "in training");
  t.same(plain.slice(0, 3), plain.slice(3), "none: training and use agree");
  t.same(noisy.slice(3), plain.slice(3), "in use there is none");
});

t.test("the generators' images fill the range of their place", async (t) => {
  const cases: [NetworkPlan, number[], number][] = [
    [mnistGenerator(), [4, 4, 1], 0],
    [imageGenerator({ channels: 8 }), [8, 8, 3], -1],
  ];
  for (const [plan, output, low] of cases) {
    const extremes = (net: Network): number[] => {
      for (const [name, v] of net.parameters) if (name.endsWith("scale")) v.assign(tf.mul(v, 100));
      const y = values(net.apply(key.normal([50, 6], 0, 5), training));
      return [Math.min(...y), Math.max(...y)];
    };
    const close = ([a, b]: number[], c: number, d: number): boolean =>
      a! >= c && b! <= d && a! < c + 0.1 && b! > d - 0.1;
    t.ok(close(extremes(plan.build({ input: [6], output }, key)), low, 1), `${plan.name}: [${low}, 1]`);
    const asked = plan.build({ input: [6], output, range: [-0.5, 0.5] }, key);
    t.ok(close(extremes(asked), -0.5, 0.5), `${plan.name}: what is asked for`);
  }
});

t.test("the output layers start with the deviations of the recipe", async (t) => {
  const cases: [NetworkPlan, number[], number[], number][] = [
    [mnistClassifier(), [4, 4, 1], [10], 1],
    [imageClassifier({ filters: 4, dropout: 0 }), [12, 12, 3], [10], 0.1],
  ];
  for (const [plan, input, output, s] of cases) {
    const net = plan.build({ input, output }, key);
    const x = key.fold("data").uniform([100, ...input]);
    net.initialize!(x, training.key!);
    const y = net.apply(x, training);
    const { mean, variance } = tf.moments(y, 0);
    const off = Math.max(
      ...values(mean).map(Math.abs),
      ...values(variance).map((v) => Math.abs(Math.sqrt(v) - s)),
    );
    t.ok(off < 1e-3, `${plan.name}: off by ${off}`);
  }
});

t.test("generators start as the authors' do", async (t) => {
  t.equal(
    mnistGenerator().build({ input: [6], output: [4, 4, 1] }, key).initialize,
    undefined,
    "MNIST's looks at no data",
  );
  const net = imageGenerator({ channels: 32 }).build({ input: [100], output: [16, 16, 3] }, key);
  const deviation = (name: string): number => {
    const all = values(net.parameters.get(name)!);
    return Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length);
  };
  // PyTorch: U(−1/√n, 1/√n), n the inputs of a dense layer, the filters of a transpose convolution times 25
  const expected = { "0/weight": 100, "2/weight": 16 * 25, "4/weight": 8 * 25 };
  for (const [name, n] of Object.entries(expected)) {
    const bound = 1 / Math.sqrt(n);
    t.ok(Math.abs(deviation(name) / (bound / Math.sqrt(3)) - 1) < 0.03, `${name}: ${deviation(name)}`);
    const largest = Math.max(...values(net.parameters.get(name)!).map(Math.abs));
    t.ok(largest <= bound && largest > 0.99 * bound, `${name}: up to ${largest}`);
  }
  t.ok(Math.abs(deviation("6/weight") / 0.05 - 1) < 0.06, `the last: ${deviation("6/weight")}`);
  t.ok(net.initialize, "and the last layer is initialised from z");
});

t.test("ssl-image-classifier's rates of dropout are options", async (t) => {
  const build = (more: Parameters<typeof sslImageClassifier>[0]): Network =>
    sslImageClassifier({ filters: 4, ...more }).build({ input: [16, 16, 3], output: [10] }, key);
  const x = key.fold("images").uniform([3, 16, 16, 3]);
  const pass = (more: Parameters<typeof sslImageClassifier>[0]): number[] =>
    values(build(more).apply(x, training));
  for (const [dataset, inputDropout] of [
    ["svhn", 0.15],
    ["cifar10", 0.2],
  ] as const) {
    const column = pass({ dataset });
    t.same(
      pass({ dataset, inputDropout, dropout: 0.5 }),
      column,
      `${dataset}: the column's rates by default`,
    );
    t.notSame(pass({ dataset, dropout: 0.2 }), column, `${dataset}: another rate within`);
    t.notSame(pass({ dataset, inputDropout: 0 }), column, `${dataset}: another rate at the input`);
  }
  t.same(
    pass({ dataset: "svhn", inputDropout: 0, dropout: 0 }),
    pass({ dataset: "cifar10", inputDropout: 0, dropout: 0 }),
    "without dropout the columns differ in nothing but filters",
  );
});

t.test("image-classifier drops values only where asked", async (t) => {
  const build = (dropout: number): Network =>
    imageClassifier({ filters: 4, dropout }).build({ input: [12, 12, 1], output: [10] }, key);
  const x = key.uniform([3, 12, 12, 1]);
  const plain = build(0);
  t.same(values(plain.apply(x, training)), values(plain.apply(x, use)));
  const dropping = build(0.5);
  t.same(values(dropping.apply(x, use)), values(plain.apply(x, use)));
  t.notSame(values(dropping.apply(x, training)), values(dropping.apply(x, use)));
});

t.test("image-generator refuses images whose sides it cannot double up to", async (t) => {
  const plan = imageGenerator({ channels: 8 });
  t.throws(() => plan.build({ input: [10], output: [28, 28, 1] }, key), /multiples of 8.*\[28,28,1\]/);
  t.throws(() => plan.build({ input: [10], output: [64] }, key), /takes images/);
  const twice = imageGenerator({ channels: 8, doublings: 2 });
  const net = twice.build({ input: [10], output: [28, 28, 1] }, key);
  t.same(net.apply(key.uniform([2, 10]), use).shape, [2, 28, 28, 1], "with two doublings 28 × 28 can be had");
  t.throws(() => twice.build({ input: [10], output: [30, 28, 1] }, key), /multiples of 4.*\[30,28,1\]/);
  const { options } = (await assemble([imageGeneratorPlugin])).all(Networks)[0]!;
  const schema = options(refsOf(await assemble([imageGeneratorPlugin])));
  t.notOk(schema.safeParse({ channels: 6 }).success, "channels must stay whole");
  t.ok(schema.safeParse({ channels: 6, doublings: 2 }).success);
});

t.test("every component has its options described", async (t) => {
  const registry = await assemble([
    featureCriticPlugin,
    imageClassifierPlugin,
    imageGeneratorPlugin,
    sslImageClassifierPlugin,
    sslMnistPlugin,
  ]);
  const all = registry.all(Networks);
  t.equal(all.length, 6);
  for (const component of all) {
    checkOptions(t, component, refsOf(registry));
    const options = component.options(refsOf(registry)).parse({});
    const plan = await component.create(options, undefined as never);
    t.equal(plan.name, component.name);
  }
});

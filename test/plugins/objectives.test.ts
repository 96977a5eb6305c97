import t from "tap";
import {
  assemble,
  type Component,
  type GanObjective,
  InputError,
  Key,
  Objectives,
  refsOf,
  tf,
  type Weighted,
} from "../../core/mod.ts";
import { samplingTrick } from "../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { weighted } from "../../plugins/mixers/weighted/weighted.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import ebganPlugin, { ebgan } from "../../plugins/objectives/ebgan/ebgan.ts";
import lsganPlugin, { lsgan } from "../../plugins/objectives/lsgan/lsgan.ts";
import originalPlugin, { original } from "../../plugins/objectives/original/original.ts";
import wganPlugin, { wgan } from "../../plugins/objectives/wgan/wgan.ts";
import wganGpPlugin, { wganGp } from "../../plugins/objectives/wgan-gp/wgan-gp.ts";

import { checkObjective } from "../conformance/objective.ts";

await tf.setBackend("cpu");
await tf.ready();

const key = Key.from("objectives");
const real = [
  [0.5, -1],
  [2, 0.25],
  [-0.75, 1.5],
];
const fakes = [
  {
    weight: 0.2,
    rows: [
      [1, 1],
      [-1.5, 0.5],
    ],
  },
  {
    weight: 0.8,
    rows: [
      [0.1, -0.2],
      [3, 1],
      [-2, -2],
    ],
  },
];
const generated = fakes[0]!.rows;
const slope = [0.7, -1.1];

/** A linear critic, in plain numbers and in tensors. */
const score = (row: readonly number[]): number => row[0]! * slope[0]! + row[1]! * slope[1]!;
const critic = (x: tf.Tensor): tf.Tensor => tf.matMul(x as tf.Tensor2D, tf.tensor2d(slope, [2, 1]));
const fakeBatches = (): Weighted[] => fakes.map(({ weight, rows }) => ({ weight, x: tf.tensor2d(rows) }));
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const mixtureMean = (f: (row: readonly number[]) => number): number =>
  fakes.reduce((sum, { weight, rows }) => sum + weight * mean(rows.map(f)), 0);

function losses(objective: GanObjective, with_ = critic): { critic: number; generator: number } {
  return tf.tidy(() => ({
    critic: objective.criticLoss(with_, tf.tensor2d(real), fakeBatches(), key).dataSync()[0]!,
    generator: objective.generatorLoss(with_, tf.tensor2d(generated)).dataSync()[0]!,
  }));
}

/** float32 carries 24 bits; a handful of operations on numbers below 20 stays within this. */
const close = (test: Tap, actual: number, expected: number, what: string, within = 1e-5): void => {
  test.ok(Math.abs(actual - expected) <= within, `${what}: ${actual} is within ${within} of ${expected}`);
};
type Tap = { ok(value: unknown, message: string): boolean };

for (const objective of [
  original(),
  original({ generator: "non-saturating" }),
  wgan({ clip: 0.5 }),
  wganGp(),
  wganGp({ lambda: 0.1, penalty: "one-sided" }),
  lsgan(),
  lsgan({ a: -1, b: 1, c: 0 }),
  ebgan(),
]) {
  t.test(`${objective.name}() meets the contract of objectives`, async (t) => {
    await checkObjective(t, objective);
    await checkObjective(t, objective, { shape: [3, 3, 2] });
  });
}

const D = (row: readonly number[]): number => 1 / (1 + Math.exp(-score(row)));

t.test("original() is Eq. (2) with D the sigmoid of the score", async (t) => {
  const eq2 = mean(real.map((r) => Math.log(D(r)))) + mixtureMean((r) => Math.log(1 - D(r)));
  const saturating = losses(original({ generator: "saturating" }));
  close(t, saturating.critic, -eq2, "critic, minus Eq. (2)");
  close(t, saturating.generator, mean(generated.map((r) => Math.log(1 - D(r)))), "generator, Algorithm 1");
  const other = losses(original({ generator: "non-saturating" }));
  t.equal(other.critic, saturating.critic, "the option leaves the critic alone");
  close(t, other.generator, -mean(generated.map((r) => Math.log(D(r)))), "generator, non-saturating");
});

t.test("original() stays finite where D is 0 or 1 in float32", async (t) => {
  const steep = (x: tf.Tensor): tf.Tensor => tf.mul(critic(x), 1e4);
  for (const generator of ["saturating", "non-saturating"] as const) {
    const { critic: c, generator: g } = losses(original({ generator }), steep);
    t.ok(Number.isFinite(c) && Number.isFinite(g), `${generator}: ${c}, ${g}`);
  }
});

t.test("wgan() is the difference of mean scores", async (t) => {
  const { critic: c, generator: g } = losses(wgan({ clip: 0.01 }));
  close(t, c, mixtureMean(score) - mean(real.map(score)), "critic");
  close(t, g, -mean(generated.map(score)), "generator");
});

t.test("wgan() clips every parameter of the critic", async (t) => {
  const parameters = [
    tf.variable(tf.tensor1d([-2, 0.005, 0.3])),
    tf.variable(tf.tensor2d([[0.01], [-0.011]])),
  ];
  const before = tf.memory().numTensors;
  wgan({ clip: 0.01 }).constrain!(parameters);
  t.equal(tf.memory().numTensors, before, "no tensor is left behind");
  const clipped = parameters.map((p) => [...p.dataSync()]);
  t.same(
    clipped,
    [
      [-0.01, 0.005, 0.01],
      [0.01, -0.01],
    ].map((row) => row.map(Math.fround)),
  );
  tf.dispose(parameters);
});

t.test("lsgan() is least squares onto its labels", async (t) => {
  for (const [a, b, c] of [
    [0, 1, 1],
    [-1, 1, 0],
  ] as const) {
    const { critic: lossD, generator: lossG } = losses(lsgan({ a, b, c }));
    const expected =
      0.5 * mean(real.map((r) => (score(r) - b) ** 2)) + 0.5 * mixtureMean((r) => (score(r) - a) ** 2);
    close(t, lossD, expected, `critic with a = ${a}, b = ${b}`);
    close(t, lossG, 0.5 * mean(generated.map((r) => (score(r) - c) ** 2)), `generator with c = ${c}`);
  }
  t.throws(() => lsgan({ a: 1, b: 1, c: 0 }), InputError, "equal labels are refused");
});

t.test("ebgan() is the reconstruction error, with a margin for the fake", async (t) => {
  const autoencoder = (x: tf.Tensor): tf.Tensor => tf.mul(x, tf.tensor1d([0.5, -0.2]));
  const energy = ([x, y]: readonly number[]): number => ((0.5 * x!) ** 2 + (1.2 * y!) ** 2) / 2;
  const margin = 1.5;
  const hinges = fakes.flatMap(({ rows }) => rows.map((r) => margin - energy(r)));
  t.ok(Math.min(...hinges) < 0 && Math.max(...hinges) > 0, "the rows lie on both sides of the margin");
  const { critic: c, generator: g } = losses(ebgan({ margin }), autoencoder);
  close(t, c, mean(real.map(energy)) + mixtureMean((r) => Math.max(0, margin - energy(r))), "critic");
  close(t, g, mean(generated.map(energy)), "generator");
});

t.test("ebgan() refuses a critic that does not rebuild its input", async (t) => {
  const { criticLoss, generatorLoss } = ebgan({ margin: 1 });
  const refusal = (rows: number) => ({
    name: "InputError",
    message: new RegExp(`answered \\[${rows},1\\] to \\[${rows},2\\]`),
  });
  t.throws(() => criticLoss(critic, tf.tensor2d(real), [], key), refusal(3));
  t.throws(() => generatorLoss(critic, tf.tensor2d(generated)), refusal(2));
});

t.test("wganGp() penalises a linear critic by (|slope| − 1)² for each row", async (t) => {
  // The gradient of a linear critic is its slope everywhere, so the points' places do not matter.
  const penalty = (Math.hypot(...slope) - 1) ** 2;
  const { critic: c, generator: g } = losses(wganGp({ lambda: 10 }));
  close(t, c, mixtureMean(score) - mean(real.map(score)) + 10 * penalty, "critic");
  close(t, g, -mean(generated.map(score)), "generator");
});

t.test("wganGp() takes its penalty on the segments between pdBar and the fake", async (t) => {
  // D(x) = x²/2 has gradient x; from 2 (real) to 4 (fake), E (x − 1)² = ∫₂⁴ (x − 1)²/2 dx = 13/3.
  const n = 20000;
  const loss = tf.tidy(() => {
    const half = (x: tf.Tensor): tf.Tensor => tf.mul(0.5, tf.square(x));
    const fake = [{ weight: 1, x: tf.fill([n, 1], 4) }];
    return wganGp({ lambda: 1 })
      .criticLoss(half, tf.fill([n, 1], 2), fake, key)
      .dataSync()[0]!;
  });
  // Var (x − 1)² = 242/10 − (13/3)², so the mean of n has a standard error of √(5.42/n) = 0.0165.
  close(t, loss, 8 - 2 + 13 / 3, "critic", 5 * Math.sqrt((242 / 10 - (13 / 3) ** 2) / n));
});

/** The gradient of WGAN-GP's critic loss in the critic's parameters, by double backprop and by differences. */
function gradients(
  activation: NonNullable<Parameters<typeof mlp>[0]>["activation"] & string,
  differences: boolean,
): { backprop: number[]; central: number[] } {
  const net = mlp({ hidden: [5, 4], activation, spectralNorm: false }).build(
    { input: [2], output: [1] },
    key.fold(activation),
  );
  const variables = [...net.parameters.values()];
  const objective = wganGp({ lambda: 10 });
  const loss = (): tf.Scalar =>
    objective.criticLoss((x) => net.apply(x, { training: true }), tf.tensor2d(real), fakeBatches(), key);
  const value = (): number => tf.tidy(() => loss().dataSync()[0]!);

  const { grads } = tf.variableGrads(loss, variables);
  const backprop = variables.flatMap((v) => [...grads[v.name]!.dataSync()]);
  const central: number[] = [];
  const h = 2e-3;
  for (const v of differences ? variables : []) {
    const values = Float32Array.from(v.dataSync());
    const at = (i: number, by: number): number => {
      const moved = values.slice();
      moved[i] = values[i]! + by;
      tf.tidy(() => v.assign(tf.tensor(moved, v.shape)));
      return value();
    };
    values.forEach((_, i) => void central.push((at(i, h) - at(i, -h)) / (2 * h)));
    tf.tidy(() => v.assign(tf.tensor(values, v.shape)));
  }
  net.dispose();
  return { backprop, central };
}

for (const activation of ["tanh", "softplus", "elu"] as const) {
  t.test(`wganGp() with ${activation} has the gradient that central differences have`, async (t) => {
    const { backprop, central } = gradients(activation, true);
    const largest = Math.max(...central.map(Math.abs));
    t.ok(largest > 0.1, `there is a gradient: ${largest}`);
    // Losses near 10 in float32 are known to 1e-6, their differences over 4e-3 to 5e-4; the rest is the h² term.
    for (const [i, g] of backprop.entries())
      close(t, g, central[i]!, `parameter ${i}`, 2e-3 * Math.max(1, largest));
  });
}

// Their slopes jump: a difference that straddles a jump says nothing of the derivative.
for (const activation of ["relu", "leaky-relu"] as const) {
  t.test(`wganGp() with ${activation} backpropagates twice`, async (t) => {
    const { backprop } = gradients(activation, false);
    t.ok(backprop.every(Number.isFinite), "every gradient is finite");
    t.ok(
      backprop.some((g) => g !== 0),
      "some gradient is not 0",
    );
  });
}

t.test("Eq. (2) and Eq. (10) have the same expectation", async (t) => {
  const alpha = 0.8;
  const m = 50; // α·m is whole, so that the trick's mixture is exact
  const rounds = 400;
  const objective = original({ generator: "saturating" });
  const D1 = (x: tf.Tensor): tf.Tensor => tf.mul(x, 1.5);
  const run = (mixer: ReturnType<typeof weighted>): { mean: number; variance: number } => {
    const values = Array.from({ length: rounds }, (_, i) =>
      tf.tidy(() => {
        const k = key.fold(mixer.name, i);
        const fake = mixer.mix(
          alpha,
          m,
          (n) => k.fold("pg").normal([n, 1], -1),
          (n) => k.fold("pd").normal([n, 1], 1),
        );
        return objective.criticLoss(D1, k.fold("pdBar").normal([m, 1]), fake, k).dataSync()[0]!;
      }),
    );
    const average = mean(values);
    return { mean: average, variance: mean(values.map((v) => (v - average) ** 2)) / rounds };
  };
  const eq2 = run(weighted());
  const eq10 = run(samplingTrick());
  const error = Math.sqrt(eq2.variance + eq10.variance);
  // Four standard errors: one key in 16 000 would miss, and a mixture with the weights swapped by over a hundred.
  t.ok(error < 0.02, `the test can tell: standard error ${error}`);
  close(t, eq2.mean, eq10.mean, "mean critic loss", 4 * error);
});

t.test("components take their defaults and are registered by their plugins", async (t) => {
  const registry = await assemble([originalPlugin, wganPlugin, wganGpPlugin, lsganPlugin, ebganPlugin]);
  for (const name of ["original", "wgan", "wgan-gp", "lsgan", "ebgan"]) {
    const found: Component<GanObjective> = registry.find(Objectives, name);
    const objective = await found.create(
      found.options(refsOf(registry)).parse({}),
      undefined as never, // none of them looks at its context
    );
    t.equal(objective.name, name);
    t.equal(objective.criticOutput, name === "ebgan" ? "reconstruction" : "score");
    t.ok(found.reference, `${name} cites its source`);
  }
});

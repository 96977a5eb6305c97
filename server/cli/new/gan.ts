/**
 * Templates of what takes part in the game of critic and generator.
 *
 * @module
 */
import { shortTraining, type Template } from "./template.ts";

export const objective: Template = {
  contract: "Objectives",
  what: "an objective",
  source: `/**
 * The losses of critic and generator: here the hinge loss.
 * J. H. Lim, J. C. Ye, "Geometric GAN", arXiv:1705.02894, 2017.
 *
 * @module
 */
import { component, Objectives, tf, z } from "dsgan";

export default component(Objectives, {
  name: "NAME",
  summary: "The hinge loss",
  options: z.strictObject({
    margin: z.number().positive().default(1).describe("Scores beyond it cost the critic nothing."),
  }),
  create: ({ margin }) => ({
    name: "NAME",
    criticOutput: "score",
    /** L_D = E max(0, margin − D(pdBar)) + Σᵢ wᵢ·E max(0, margin + D(fakeᵢ)); real \`[m, ...]\`. */
    criticLoss(critic, real, fake) {
      const low = tf.mean(tf.relu(tf.sub(margin, critic(real))));
      const high = fake.map(({ weight, x }) => tf.mul(weight, tf.mean(tf.relu(tf.add(margin, critic(x))))));
      return tf.add(low, tf.addN(high)).asScalar();
    },
    /** L_G = −E D(G(z)); generated \`[m, ...]\`. */
    generatorLoss: (critic, generated) => tf.neg(tf.mean(critic(generated))).asScalar(),
  }),
});
`,
  application: shortTraining({ objective: "{ use: NAME, margin: 1 }" }),
  imports: { testing: ["checkObjective"], dsgan: [] },
  check: `await checkObjective(tester(t), await context.create(Objectives, "NAME"));`,
};

export const mixer: Template = {
  contract: "Mixers",
  what: "a mixer",
  source: `/**
 * How the critic's fake batch is made: here Eq. (2) of DSGAN, two batches whose weights are 1 − α and α.
 *
 * @module
 */
import { component, Mixers } from "dsgan";

export default component(Mixers, {
  name: "NAME",
  summary: "Two batches of their own, weighted 1 − alpha and alpha",
  create: () => ({
    name: "NAME",
    /** @returns batches \`[m, ...]\` whose weights sum to 1 */
    mix(alpha, m, pg, pd) {
      if (alpha === 0) return [{ weight: 1, x: pg(m) }]; // an ordinary GAN
      return [
        { weight: 1 - alpha, x: pg(m) },
        { weight: alpha, x: pd(m) },
      ];
    },
  }),
});
`,
  application: shortTraining({ mixer: "NAME" }),
  imports: { testing: ["checkMixer"], dsgan: [] },
  check: `await checkMixer(tester(t), await context.create(Mixers, "NAME"));`,
};

export const optimizer: Template = {
  contract: "Optimizers",
  what: "an optimiser",
  source: `/**
 * A rule for updates: here gradient descent with momentum.
 * B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
 *
 * @module
 */
import { component, elementwise, Optimizers, ratesShape, tf, z } from "dsgan";

export default component(Optimizers, {
  name: "NAME",
  summary: "Gradient descent with momentum",
  options: z.strictObject({
    ...ratesShape(0.01),
    momentum: z.number().min(0).lt(1).default(0.9).describe("Share of the velocity that is kept, in [0, 1)."),
  }),
  /** v ← momentum·v + g, θ ← θ − rate·v; one vector of all parameters, \`[P]\`. */
  create: ({ momentum, ...rates }) =>
    elementwise(
      "NAME",
      rates,
      ["velocity"],
      (rate) => ({ rate }),
      (gradient, { velocity }, { rate }) => {
        velocity.assign(tf.add(tf.mul(momentum, velocity), gradient));
        return tf.mul(rate, velocity);
      },
    ),
});
`,
  application: shortTraining({ optimizer: "{ use: NAME, learningRate: 0.001 }" }),
  imports: { testing: ["checkOptimizer"], dsgan: [] },
  check: `await checkOptimizer(
    tester(t),
    await context.create(Optimizers, { use: "NAME", learningRate: 0.01 }),
  );`,
};

export const network: Template = {
  contract: "Networks",
  what: "a network",
  source: `/**
 * An architecture whose end shapes are open: here one hidden layer.
 *
 * @module
 */
import { component, type Network, Networks, sizeOf, tf, z } from "dsgan";

export default component(Networks, {
  name: "NAME",
  summary: "One hidden layer of rectified units",
  options: z.strictObject({
    width: z.int().positive().default(32).describe("Units of the hidden layer."),
  }),
  create: ({ width }) => ({
    name: "NAME",
    build({ input, output, range }, key): Network {
      const [inputs, outputs] = [sizeOf(input), sizeOf(output)];
      const variable = (make: () => tf.Tensor): tf.Variable => tf.tidy(() => tf.variable(make()));
      const drawn = (name: string, rows: number, columns: number): tf.Variable =>
        variable(() => key.fold(name).normal([rows, columns], 0, Math.sqrt(2 / rows)));
      const w1 = drawn("w1", inputs, width);
      const w2 = drawn("w2", width, outputs);
      const b1 = variable(() => tf.zeros([width]));
      const b2 = variable(() => tf.zeros([outputs]));
      return {
        inputShape: input,
        outputShape: output,
        parameters: new Map([["w1", w1], ["b1", b1], ["w2", w2], ["b2", b2]]),
        state: new Map(),
        /** x \`[n, ...input]\`, gives \`[n, ...output]\`, within the range where there is one. */
        apply(x) {
          const rows = tf.reshape(x, [x.shape[0]!, inputs]);
          const hidden = tf.relu(tf.add(tf.matMul(rows, w1), b1));
          const y = tf.reshape(tf.add(tf.matMul(hidden, w2), b2), [x.shape[0]!, ...output]);
          if (range === undefined) return y;
          const [low, high] = range;
          return tf.add(tf.mul((high - low) / 2, tf.tanh(y)), (high + low) / 2);
        },
        dispose: () => tf.dispose([w1, b1, w2, b2]),
      };
    },
  }),
});
`,
  application: shortTraining({ critic: "{ use: NAME, width: 16 }" }),
  imports: { testing: ["checkNetwork"], dsgan: [] },
  check: `const plan = await context.create(Networks, "NAME");
  await checkNetwork(tester(t), plan, { input: [4], output: [2, 3] });
  await checkNetwork(tester(t), plan, { input: [2, 2, 1], output: [1], range: [-1, 1] });`,
};

export const target: Template = {
  contract: "Targets",
  what: "a target",
  source: `/**
 * What DSGAN is to learn, named by two densities (Eq. 1): here pd and pdBar are two data sets, pdBar moved sideways.
 *
 * @module
 */
import { component, Datasets, Targets, tf, z } from "dsgan";

export default component(Targets, {
  name: "NAME",
  summary: "A data set, and the same or another one moved sideways",
  options: (refs) =>
    z.strictObject({
      alpha: z.number().min(0).lt(1).default(0.5).describe("α of Eq. (1), in [0, 1)."),
      pd: refs(Datasets).describe("What is to be avoided."),
      pdBar: refs(Datasets).describe("What is to be covered."),
      by: z.number().default(1).describe("How far pdBar is moved, along every axis."),
    }),
  async create(options, context) {
    const { alpha, pd, pdBar, by } = await context.build(options);
    return {
      name: "NAME",
      alpha,
      shape: pd.shape,
      pd: pd.sample,
      /** n rows \`[n, ...shape]\` */
      pdBar: (key, n) => tf.tidy(() => tf.add(pdBar.sample(key, n), by)),
    };
  },
});
`,
  application: shortTraining({ target: "{ use: NAME, pd: normal, pdBar: normal, by: 2 }" }),
  imports: { testing: ["checkTarget"], dsgan: [] },
  check: `const ref = { use: "NAME", pd: "normal", pdBar: "normal" };
  await checkTarget(tester(t), await context.create(Targets, ref));`,
};

export const measure: Template = {
  contract: "Measures",
  what: "a measure",
  source: `/**
 * Numbers that judge the generator's samples: here how far the mean of pg is from that of pdBar.
 *
 * @module
 */
import { component, Measures, tf, z } from "dsgan";

export default component(Measures, {
  name: "NAME",
  summary: "Distance between the means of pg and pdBar",
  options: z.strictObject({
    n: z.int().positive().default(1000).describe("Rows of each kind."),
  }),
  create: ({ n }) => ({
    name: "NAME",
    /** pg and target.pdBar draw \`[n, ...shape]\`. */
    async *measure({ pg, target, key }) {
      const distance = tf.tidy(() => {
        const generated = tf.mean(pg(key.fold("pg"), n), 0);
        const real = tf.mean(target.pdBar(key.fold("pdBar"), n), 0);
        return tf.norm(tf.sub(generated, real));
      });
      const [meanDistance] = await distance.data();
      distance.dispose();
      return { meanDistance: meanDistance! };
    },
  }),
});
`,
  application: shortTraining({ measures: "[{ use: NAME, n: 200 }]" }),
  expect: "meanDistance: { atMost: 10 }",
  imports: { testing: ["checkMeasure"], dsgan: ["Targets"] },
  check: `const target = await context.create(Targets, {
    use: "convolution",
    data: "ring",
    noise: { normal: 0.3 },
  });
  await checkMeasure(tester(t), await context.create(Measures, "NAME"), target);`,
};

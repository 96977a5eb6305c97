/**
 * Templates of what classifies, attacks classifiers, or teaches them.
 *
 * @module
 */
import type { Template } from "./template.ts";

const evaluation = (classifier: string, attack: string): string => `use: evaluate-robustness
data: moons
n: 40
batch: 20
classifiers:
  victim: ${classifier}
epsilons: { linf: [0.1, 0.3] }
attacks: [${attack}]`;

export const attack: Template = {
  contract: "Attacks",
  what: "an attack",
  source: `/**
 * Perturbs images so that a classifier takes them for another class: here steps along the signs of the slope, each
 * projected back into the budget. What belongs to all attacks alike (counting queries, clipping to the bounds, deciding
 * what succeeded) is not the attack's business.
 *
 * @module
 */
import { Attacks, type AttackRows, component, type StepTools, tf, z } from "dsgan";

/** One number a row \`[n]\`, to go with images \`[n, ...]\`. */
const spread = (numbers: tf.Tensor, images: tf.Tensor): tf.Tensor =>
  tf.reshape(numbers, [-1, ...images.shape.slice(1).map(() => 1)]);

/** A step is a function of its inputs, outside of \`perturb\`: it is compiled once and then replayed. */
function step(
  { x, y, epsilon, at, length }: AttackRows & { readonly at: tf.Tensor; readonly length: tf.Tensor },
  { classifier }: StepTools,
) {
  const labels = tf.oneHot(y, classifier.classes);
  const slope = tf.grad((images) => tf.losses.softmaxCrossEntropy(labels, classifier.logits(images)))(at);
  const moved = tf.add(at, tf.mul(tf.mul(length, spread(epsilon, at)), tf.sign(slope)));
  const most = spread(epsilon, at);
  const change = tf.maximum(tf.minimum(tf.sub(moved, x), most), tf.neg(most));
  return { at: tf.clipByValue(tf.add(x, change), ...classifier.bounds) }; // [n, ...]
}

export default component(Attacks, {
  name: "NAME",
  summary: "Steps along the signs of the slope, within a budget in linf",
  options: z.strictObject({
    steps: z.int().positive().default(10).describe("Steps."),
    length: z.number().positive().default(0.25).describe("Length of a step as a share of the budget."),
  }),
  create: ({ steps, length }) => ({
    name: "NAME",
    norm: "linf",
    kind: "within-budget",
    steps,
    async perturb({ steps, key, ...rows }, { run }) {
      let at = rows.x;
      for (let i = 0; i < steps; i++) ({ at } = run(step, { ...rows, at, length }, key.fold(i)));
      return at;
    },
  }),
});
`,
  application: evaluation(
    "{ use: trained, data: moons, network: { use: mlp, hidden: [16] }, epochs: 2, bounds: [-4, 4] }",
    "NAME",
  ),
  imports: { testing: ["checkAttack"], dsgan: [] },
  check: `await checkAttack(tester(t), await context.create(Attacks, "NAME"));`,
};

export const classifier: Template = {
  contract: "ClassifierSources",
  what: "a source of classifiers",
  source: `/**
 * Where a classifier comes from: here a linear one, its weights drawn at random. Read yours from a file, or train it.
 *
 * @module
 */
import { ClassifierSources, classifierOf, component, PLAIN, sizeOf, tf, z } from "dsgan";

export default component(ClassifierSources, {
  name: "NAME",
  summary: "A linear classifier with random weights",
  options: z.strictObject({
    scale: z.number().positive().default(1).describe("Standard deviation of the weights."),
    bounds: z
      .tuple([z.number(), z.number()])
      .default([-4, 4])
      .describe("Smallest and largest value of a pixel, where the data have no range."),
  }),
  create: ({ scale, bounds }) => ({
    name: "NAME",
    /** Yields what happens meanwhile, such as a training's progress, and returns the classifier. */
    async *open(place, { key }) {
      yield { type: "stage", stage: \`weights of \${place.name}\` };
      const inputs = sizeOf(place.inputShape);
      const preprocessing = { ...PLAIN, bounds: place.range ?? bounds };
      const weights = tf.tidy(() =>
        tf.variable(key.fold("weights", place.name).normal([inputs, place.classes], 0, scale)),
      );
      // images [n, ...inputShape] within the bounds, to logits [n, classes]
      const forward = (x: tf.Tensor): tf.Tensor => tf.matMul(tf.reshape(x, [-1, inputs]), weights);
      return classifierOf(place, preprocessing, [inputs], forward, () => weights.dispose());
    },
  }),
});
`,
  application: evaluation("NAME", "fgsm"),
  imports: { testing: ["checkClassifier"], dsgan: [] },
  check: `const source = await context.create(ClassifierSources, "NAME");
  await checkClassifier(tester(t), source, {
    name: "victim",
    inputShape: [4, 4, 1],
    classes: 3,
    range: [0, 1],
  }, context);`,
};

export const sslMethod: Template = {
  contract: "SslMethods",
  from: "dsgan/ssl",
  what: "a semi-supervised method",
  source: `/**
 * How a classifier learns from rows without labels: here by its own predictions.
 * D.-H. Lee, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method", ICML workshop, 2013.
 *
 * @module
 */
import { component, crossEntropy, tf, z } from "dsgan";
import { noisyLogits, SslMethods } from "dsgan/ssl";

export default component(SslMethods, {
  name: "NAME",
  summary: "The classifier's own predictions as labels",
  options: z.strictObject({
    weight: z.number().min(0).default(0.5).describe("Weight of the unlabelled rows' loss."),
  }),
  create: ({ weight }) => ({
    name: "NAME",
    start: async (problem) => ({
      settings: { weight }, // kept in the run's recipe.json
      players: [], // networks that learn beside the classifier: none
      /** labeled, unlabeled \`[m, ...shape]\`, labels one-hot \`[m, K]\`; random numbers come from the key alone. */
      classifierLoss({ labeled, labels, unlabeled }, key) {
        const logits = noisyLogits(problem, key, { labeled, unlabeled }); // with the noise of training, [m, K] each
        const predicted = tf.argMax(problem.classifier.apply(unlabeled, { training: false }), 1); // [m]
        const pseudo = tf.cast(tf.oneHot(predicted, labels.shape[1]!), "float32"); // [m, K]
        const unsupervised = crossEntropy(logits.unlabeled, pseudo);
        const supervised = crossEntropy(logits.labeled, labels);
        return tf.add(supervised, tf.mul(weight, unsupervised));
      },
      dispose() {},
    }),
  }),
});
`,
  application: `use: bad-gan-ssl
data: { use: moons, noise: 0.1 }
classifier: { use: mlp, hidden: [16] }
method: NAME
labeled: 8
validation: 100
epochs: 2
iterations: 20`,
  imports: { testing: ["checkSslMethod"], dsgan: [] },
  check: `await checkSslMethod(tester(t), await context.create(SslMethods, "NAME"), context);`,
};

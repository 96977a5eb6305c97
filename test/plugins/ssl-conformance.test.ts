/** The suite for semi-supervised methods: every built-in method passes it, and it finds what breaks the contract. */
import t from "tap";
import { InputError, type Key, type Network, Networks, Optimizers, tf } from "../../core/mod.ts";
import {
  type SslBatch,
  type SslLearner,
  type SslMethod,
  SslMethods,
  type SslPlayer,
  type SslProblem,
} from "../../plugins/semi-supervised/mod.ts";
import { contextFor } from "../conformance/context.ts";
import { checkSslMethod } from "../conformance/ssl-method.ts";
import { faults } from "./faults.ts";

const context = await contextFor();
const small = { use: "mlp", hidden: [8] };
const withGenerator = { generator: small, latent: 3 };

t.test("every method keeps the contract", async (t) => {
  const variants = [
    { use: "supervised" },
    { use: "supervised", entropyWeight: 0.5 },
    { use: "feature-matching", ...withGenerator },
    { use: "catgan", ...withGenerator },
    { use: "ct-gan", ...withGenerator },
    { use: "triple-gan", discriminator: small, ...withGenerator },
    { use: "triple-gan", discriminator: small, estimate: "exact", consistencyWeight: 1, ...withGenerator },
    { use: "bad-gan", diversity: "pull-away", ...withGenerator },
    { use: "bad-gan", diversity: "variational", encoder: small, ...withGenerator },
    { use: "dsgan", critic: small, ...withGenerator },
    { use: "dsgan", critic: small, objective: "wgan", every: 2, ...withGenerator },
    { use: "dsgan", critic: small, objective: "ebgan", mixer: "weighted", ...withGenerator },
  ];
  t.same(
    [...new Set(variants.map(({ use }) => use))].sort(),
    context
      .all(SslMethods)
      .map(({ name }) => name)
      .sort(),
    "all of them are checked",
  );
  for (const ref of variants) {
    await t.test(JSON.stringify(ref), async (t) => {
      await checkSslMethod(t, await context.create(SslMethods, ref), context);
    });
  }
});

t.test("a method works on images, and with other batches and numbers of classes", async (t) => {
  const method = await context.create(SslMethods, { use: "feature-matching", ...withGenerator });
  await checkSslMethod(t, method, context, { shape: [4, 4, 1], range: [0, 1], classes: 4, m: 6 });
});

const optimizer = await context.create(Optimizers, { use: "adam", learningRate: 0.05 });
const plan = await context.create(Networks, small);
const buildIn = ({ state, key, shape }: SslProblem): Network =>
  state.network("generator", plan, { input: [2], output: shape, range: [-1, 1] }, key);

/** A generator whose rows the classifier is to be sure of. */
function toy(change: (learner: SslLearner, player: SslPlayer, problem: SslProblem) => Partial<SslLearner>) {
  return (build = buildIn): SslMethod => ({
    name: "toy",
    async start(problem) {
      const { classifier, m } = problem;
      const network = build(problem);
      const rows = (key: Key): tf.Tensor =>
        network.apply(key.fold("z").normal([m, 2]), { training: true, key: key.fold("noise") });
      const logits = (x: tf.Tensor): tf.Tensor => classifier.apply(x, { training: false });
      const player: SslPlayer = {
        name: "generator",
        networks: [network],
        optimizer,
        loss: (_, key) => tf.neg(tf.mean(tf.logSumExp(logits(rows(key)), 1))).asScalar(),
      };
      const learner: SslLearner = {
        settings: { weight: 1 },
        players: [player],
        classifierLoss: ({ labeled, labels }, key) =>
          tf.add(
            tf.losses.softmaxCrossEntropy(labels, logits(labeled)),
            tf.mean(tf.square(logits(rows(key)))),
          ),
        generate: (key, n) => tf.tidy(() => network.apply(key.fold("z").normal([n, 2]), { training: false })),
        dispose: () => network.dispose(),
      };
      return { ...learner, ...change(learner, player, problem) };
    },
  });
}
const broken =
  (change: Parameters<typeof toy>[0], build = buildIn): (() => SslMethod) =>
  () =>
    toy(change)(build);
const player = (change: (player: SslPlayer, problem: SslProblem) => Partial<SslPlayer>): (() => SslMethod) =>
  broken((_, original, problem) => ({ players: [{ ...original, ...change(original, problem) }] }));
let calls = 0;

faults("checkSslMethod()", toy(() => ({}))(), (t, method: SslMethod) => checkSslMethod(t, method, context), {
  "settings that JSON does not have": [
    broken(() => ({ settings: { rate: Number.NaN } })),
    /settings are plain JSON/,
  ],
  "a batch of a name that is taken": [
    broken(() => ({ draws: { unlabeled: "unlabeled" } })),
    /no batch is called labeled/,
  ],
  "rows drawn from nowhere": [
    broken(() => ({ draws: { others: "test" as "labeled" } })),
    /others is drawn from labeled or unlabeled, got test/,
  ],
  "numbers that come and go": [
    broken(() => ({ numbers: (progress) => (progress < 0.3 ? {} : { weight: 1 }) })),
    /numbers: the same names at all times/,
  ],
  "a number that is not finite": [
    broken(() => ({ numbers: (progress) => ({ weight: 1 / progress }) })),
    /numbers: finite/,
  ],
  "a number called like a batch": [
    broken(() => ({ numbers: () => ({ unlabeled: 1 }) })),
    /numbers: names without spaces, none of them a batch's/,
  ],
  "a loss that is not finite in the end": [
    broken(({ classifierLoss }) => ({
      numbers: (progress) => ({ weight: progress < 0.9 ? 0 : 1 }),
      classifierLoss: ({ weight, ...batch }, key) =>
        tf.div(classifierLoss(batch as SslBatch, key), tf.sub(1, weight!)),
    })),
    /classifier: its loss is finite near the end of a training/,
  ],
  "an interval that is no number of iterations": [broken(() => ({ every: 0 })), /every is a whole number/],
  "a player called classifier": [player(() => ({ name: "classifier" })), /no player is called classifier/],
  "a loss that is no scalar": [
    player((_, { m }) => ({ loss: (_, key) => key.uniform([m]) as tf.Scalar })),
    /generator: its loss is a scalar/,
  ],
  "a loss that is not finite": [
    player(({ loss }) => ({ loss: (batch, key) => tf.log(tf.neg(tf.abs(loss(batch, key)))) })),
    /generator: its loss is finite/,
  ],
  "a loss that changes from call to call": [
    broken(({ classifierLoss }) => ({
      classifierLoss: (batch, key) => tf.add(classifierLoss(batch, key), calls++),
    })),
    /classifier: its loss is a function of batch and key/,
  ],
  "a loss without a gradient": [
    player(() => ({ loss: ({ labeled }) => tf.mean(labeled).asScalar() })),
    /generator: its loss has a gradient in its networks/,
  ],
  "a loss that leaves tensors behind": [
    player(({ loss }) => ({
      loss(batch, key) {
        tf.keep(tf.zeros([1]));
        return loss(batch, key);
      },
    })),
    /generator: its loss leaves no tensor behind/,
  ],
  "a loss that changes another network": [
    player(({ loss }, { classifier }) => ({
      loss(batch, key) {
        for (const v of classifier.parameters.values()) v.assign(tf.mul(v, 0.9));
        return loss(batch, key);
      },
    })),
    /a step of generator leaves the networks of classifier as they are/,
  ],
  "a constraint that is not finite": [
    player(({ networks }) => ({
      constrain() {
        for (const v of networks[0]!.parameters.values()) tf.tidy(() => v.assign(tf.div(v, 0)));
      },
    })),
    /a step of generator gives finite parameters/,
  ],
  "a start that depends on more than the key": [
    broken(
      () => ({}),
      (problem) => buildIn({ ...problem, key: problem.key.fold(calls++) }),
    ),
    /the same key, the same start/,
  ],
  "rows out of range": [
    broken(({ generate }) => ({ generate: (key, n) => tf.tidy(() => tf.mul(5, generate!(key, n))) })),
    /generate: every value in the range/,
  ],
  "networks that outlive it": [broken(() => ({ dispose() {} })), /leave nothing behind once it is disposed/],
  "networks that the run does not keep": [
    broken(
      () => ({}),
      ({ key, shape }) => plan.build({ input: [2], output: shape, range: [-1, 1] }, key),
    ),
    /a training goes on as if it had not been/,
  ],
  "a method that refuses the problem": [
    () => ({ name: "toy", start: () => Promise.reject(new InputError("no such recipe")) }),
    /stopped: no such recipe/,
  ],
});

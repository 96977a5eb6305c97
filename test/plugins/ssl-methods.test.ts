/** The methods of semi-supervised learning: what their losses are made of, and the numbers of their recipes. */
import t from "tap";
import {
  Applications,
  assemble,
  contextOf,
  type GanObjective,
  Key,
  learnerOf,
  type Mode,
  type NetworkPlan,
  Optimizers,
  refsOf,
  tf,
  transientState,
  type Weighted,
} from "../../core/mod.ts";
import { samplingTrick } from "../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { weighted } from "../../plugins/mixers/weighted/weighted.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { wgan } from "../../plugins/objectives/wgan/wgan.ts";
import { recipesOf } from "../../plugins/semi-supervised/bad-gan-ssl/recipes.ts";
import { dsgan } from "../../plugins/semi-supervised/dsgan/dsgan.ts";
import {
  type SslBatch,
  SslMethods,
  type SslProblem,
  type SslSetting,
} from "../../plugins/semi-supervised/method.ts";
import { noisyLogits } from "../../plugins/semi-supervised/passes.ts";
import { checkOptions } from "../conformance/options.ts";
import { close } from "./close.ts";

await tf.setBackend("cpu");
await tf.ready();

const base = new URL(import.meta.url);
const registry = await assemble(builtinPlugins);
const context = contextOf(registry, base);
const key = Key.from("ssl");

const m = 10;
const setting: SslSetting = { recipe: "mnist", preset: "authors" };

/** A problem of points in the plane. */
function problemOf(asked: SslSetting = setting) {
  const classifier = mlp({ hidden: [6, 4], activation: "leaky-relu", spectralNorm: false }).build(
    { input: [2], output: [3] },
    key.fold("classifier"),
  );
  const { features } = classifier;
  const state = transientState();
  const shared = { classifier, features: features!, shape: [2], m, state, context };
  return { setting: asked, ...shared, key: key.fold("method") };
}
const network = { use: "mlp", hidden: [8], activation: "relu", spectralNorm: false };
const narrow = () => mlp({ hidden: [8], activation: "relu", spectralNorm: false });
const batch = (name: string): tf.Tensor => key.fold(name).normal([m, 2]);

t.test(
  "dsgan() has the critic tell combinations of features from data and generated rows (Eqs. 8 and 10)",
  async (t) => {
    const seen: { real?: number[][]; fake?: number[][]; generated?: number[][] } = {};
    const spy: GanObjective = {
      name: "spy",
      criticOutput: "score",
      criticLoss(critic, real, fake: readonly Weighted<tf.Tensor>[]) {
        t.equal(fake.length, 1);
        seen.real = real.arraySync() as number[][];
        seen.fake = fake[0]!.x.arraySync() as number[][];
        return tf.mean(critic(real)) as tf.Scalar;
      },
      generatorLoss(critic, generated) {
        seen.generated = generated.arraySync() as number[][];
        return tf.neg(tf.mean(critic(generated))) as tf.Scalar;
      },
    };
    const problem = problemOf();
    const options = {
      latent: 3,
      ganWeight: 1,
      alpha: 0.6,
      beta: 0.25,
      objective: spy,
      mixer: samplingTrick(),
    };
    const learner = await dsgan({ ...options, generator: narrow(), critic: narrow() }).start(problem);
    t.same(learner.draws, { x1: "unlabeled", x2: "unlabeled" });
    t.same(
      learner.players.map(({ name }) => name),
      ["critic", "generator"],
    );
    const [x1, x2, unlabeled] = [batch("x1"), batch("x2"), batch("unlabeled")];
    const given = { x1, x2, unlabeled } as unknown as SslBatch;
    const features = (x: tf.Tensor): number[][] =>
      problem.features.of(x, { training: false }).arraySync() as number[][];
    learner.players[0]!.loss(given, key.fold("critic"));
    const [f1, f2, fd] = [features(x1), features(x2), features(unlabeled)];
    const shares = seen.real!.map((row, i) => {
      const j = row.findIndex((_, k) => Math.abs(f1[i]![k]! - f2[i]![k]!) > 0.05);
      const b = (row[j]! - f2[i]![j]!) / (f1[i]![j]! - f2[i]![j]!);
      for (const [k, value] of row.entries()) {
        close(t, value, b * f1[i]![k]! + (1 - b) * f2[i]![k]!, `row ${i} of pdBar`);
      }
      return b;
    });
    t.ok(
      shares.every((b) => b > -1e-4 && b < 0.25 + 1e-4),
      `shares up to beta: ${shares}`,
    );
    t.ok(new Set(shares.map((b) => b.toFixed(5))).size > m / 2, "a share for each row");
    seen.fake!.slice(0, 6).forEach((row, i) => {
      for (const [k, v] of row.entries()) close(t, v, fd[i]![k]!, `row ${i} of pd`);
    });
    t.notSame(seen.fake!.slice(6), fd.slice(6), "the others are generated");
    learner.players[1]!.loss(given, key.fold("generator"));
    t.equal(seen.generated!.length, m, "the generator is judged by a whole batch");
    learner.dispose();
  },
);

t.test("the classifier's loss falls under every method", async (t) => {
  for (const { name: use } of registry.all(SslMethods)) {
    const generated = { generator: network, latent: 3, ...(use === "dsgan" && { critic: network }) };
    const method = await context.create(SslMethods, { use, ...(use !== "supervised" && generated) });
    const problem = problemOf();
    const learner = await method.start(problem);
    const labels = tf.cast(tf.oneHot(tf.cast(tf.mod(tf.range(0, m), 3), "int32"), 3), "float32");
    const weights = Object.entries(learner.numbers?.(0.5) ?? {}).map(([name, x]) => [name, tf.scalar(x)]);
    const given: SslBatch = {
      ...{ labeled: batch("labeled"), labels, unlabeled: batch("unlabeled") },
      ...Object.fromEntries(weights),
    };
    const classifier = learnerOf({
      ...{ name: "classifier", networks: [problem.classifier], state: transientState() },
      optimizer: await context.create(Optimizers, {
        use: "adam",
        learningRate: 0.02,
        beta1: 0.5,
        beta2: 0.9,
      }),
    });
    const losses: number[] = [];
    for (let step = 1; step <= 20; step++) {
      const numbers = Object.entries(classifier.numbers(step, 0)).map(([name, x]) => [name, tf.scalar(x)]);
      const { loss } = classifier.learn(
        () => learner.classifierLoss(given, key.fold("c")),
        Object.fromEntries(numbers),
      );
      losses.push(loss.dataSync()[0]!);
    }
    t.ok(losses.at(-1)! < losses[0]!, `${use}: from ${losses[0]} to ${losses.at(-1)}`);
    t.equal(learner.generate === undefined, use === "supervised");
    learner.dispose();
  }
});

t.test(
  "both of Table 2's arms draw m rows where the generator couples rows, and pass the classifier once",
  async (t) => {
    const drawn: number[] = [];
    const passed: number[] = [];
    for (const couplesRows of [true, false]) {
      for (const mixer of [samplingTrick(), weighted()]) {
        const plain = narrow();
        const generator: NetworkPlan = {
          name: "counting",
          build(ports, k) {
            const network = plain.build(ports, k);
            const apply = (z: tf.Tensor, mode: Mode): tf.Tensor => {
              drawn.push(z.shape[0]!);
              return network.apply(z, mode);
            };
            return { ...network, couplesRows, apply };
          },
        };
        const problem = problemOf();
        const features = {
          ...problem.features,
          of(x: tf.Tensor, mode: Mode) {
            passed.push(x.shape[0]!);
            return problem.features.of(x, mode);
          },
        };
        const parts = {
          latent: 3,
          ganWeight: 1,
          alpha: 0.6,
          beta: 0.25,
          objective: wgan({ clip: 0.01 }),
          mixer,
        };
        const learner = await dsgan({ ...parts, generator, critic: narrow() }).start({
          ...problem,
          features,
        });
        const given = { x1: batch("x1"), x2: batch("x2"), unlabeled: batch("unlabeled") };
        learner.players[0]!.loss(given as unknown as SslBatch, key.fold("critic"));
        learner.dispose();
      }
    }
    t.same(drawn, [m, m, 4, m], "all m rows, of which the trick keeps 4; without coupling only those");
    t.same(passed, [3 * m, 4 * m, 3 * m, 4 * m], "one pass of x1, x2 and the mixture");
  },
);

t.test("a classifier that couples rows sees each batch by itself", async (t) => {
  const problem = problemOf();
  const seen: number[] = [];
  const apply = (x: tf.Tensor, mode: Mode): tf.Tensor => {
    seen.push(x.shape[0]!);
    return problem.classifier.apply(x, mode);
  };
  const [a, b] = [batch("a"), tf.slice(batch("b"), 0, 4)];
  for (const couplesRows of [false, true]) {
    const classifier = { ...problem.classifier, couplesRows, apply };
    const logits = noisyLogits({ classifier }, key, { a, b });
    for (const [name, x] of Object.entries({ a, b })) {
      const alone = problem.classifier.apply(x, { training: true, key }).arraySync();
      t.same(logits[name as "a" | "b"].arraySync(), alone, `${name}: its own rows`);
    }
  }
  t.same(seen, [m + 4, m, 4]);
});

t.test("ct-gan is feature matching with a price on saying two things of a row", async (t) => {
  const problem = problemOf();
  let passes = 0;
  // noise by the pass: each adds what the key of that pass draws
  const features = {
    ...problem.features,
    head: (f: tf.Tensor, mode: Mode) =>
      tf.add(problem.features.head(f, mode), mode.key!.fold("noise").normal([f.shape[0]!, 3])),
  };
  const apply = (x: tf.Tensor, mode: Mode): tf.Tensor => {
    passes += 1;
    return features.head(features.of(x, mode), mode);
  };
  const noisy: SslProblem = { ...problem, features, classifier: { ...problem.classifier, apply } };
  const loss = async (use: string, more: object = {}): Promise<number> => {
    const options = { use, generator: network, latent: 3, ganWeight: 1, ...more };
    const method = await context.create(SslMethods, options);
    const learner = await method.start({ ...noisy, state: transientState() });
    const labels = tf.cast(tf.oneHot(tf.zeros([m], "int32"), 3), "float32");
    const given = { labeled: batch("labeled"), labels, unlabeled: batch("unlabeled") };
    return learner.classifierLoss(given as SslBatch, key.fold("c")).dataSync()[0]!;
  };
  const matching = await loss("feature-matching", { distance: "squared" });
  t.equal(passes, 1, "one pass of all batches");
  const [none, some, twice] = [
    await loss("ct-gan", { margin: 0, consistency: 0 }),
    await loss("ct-gan", { margin: 0, consistency: 1 }),
    await loss("ct-gan", { margin: 0, consistency: 2 }),
  ];
  t.ok(Math.abs(none - matching) < 1e-6, `without the term ${none}, feature matching ${matching}`);
  t.ok(some > none + 0.01, `a price: ${none} to ${some}`);
  t.ok(Math.abs(twice - none - 2 * (some - none)) < 1e-5, "in proportion to its weight");
});

t.test("options of application and methods are described", async (t) => {
  const refs = refsOf(registry);
  for (const component of registry.all(SslMethods)) checkOptions(t, component, refs);
  for (const component of registry.all(Applications)) {
    if (component.name === "bad-gan-ssl") checkOptions(t, component, refs);
  }
});

t.test("presets are the numbers of the paper and of the authors' code", async (t) => {
  const expected: [SslSetting["recipe"], SslSetting["preset"], object][] = [
    ["mnist", "authors", { alpha: 0.8, beta: 0.3, combine: "unlabeled", every: 1, entropyWeight: 0 }],
    ["svhn", "authors", { alpha: 0.8, beta: 0.1, combine: "unlabeled", every: 10, entropyWeight: 0.3 }],
    ["cifar10", "authors", { alpha: 0.5, beta: 0.1, combine: "unlabeled", every: 3, entropyWeight: 0.1 }],
    ["mnist", "paper", { alpha: 0.8, beta: 0.3, combine: "labeled", every: 1, entropyWeight: 0 }],
    ["svhn", "paper", { alpha: 0.8, beta: 0.3, combine: "labeled", every: 1, entropyWeight: 0 }],
    ["cifar10", "paper", { alpha: 0.5, beta: 0.1, combine: "labeled", every: 1, entropyWeight: 0 }],
  ];
  const dsganOf = async (asked: SslSetting, more: object = {}) => {
    const objective = { use: "wgan-gp", lambda: 10, penalty: "two-sided" };
    const options = { use: "dsgan", objective, mixer: { use: "sampling-trick" }, latent: 3, ganWeight: 1 };
    const method = await context.create(SslMethods, {
      ...options,
      generator: network,
      critic: network,
      ...more,
    });
    return (await method.start(problemOf(asked))).settings;
  };
  for (const [recipe, preset, numbers] of expected) {
    t.match(await dsganOf({ recipe, preset }), numbers, `${recipe}, ${preset}`);
  }
  t.match(await dsganOf(setting, { beta: 0.7 }), { alpha: 0.8, beta: 0.7 }, "what is given counts");

  t.match(recipesOf("authors").mnist, {
    labeled: 100,
    epochs: 1000,
    iterations: 599,
    unlabeled: "rest",
    "initialize.from": "unlabeled",
    classifier: { outputNoise: 0.5 },
  });
  t.match(recipesOf("paper").mnist, { classifier: { outputNoise: 0 } });
  t.match(recipesOf("paper").svhn, {
    labeled: 1000,
    epochs: 1000,
    iterations: 733,
    unlabeled: "all",
    "initialize.from": "labeled",
  });
  t.match(recipesOf("paper").cifar10, {
    labeled: 4000,
    epochs: 1200,
    iterations: 500,
    unlabeled: "all",
  });
});

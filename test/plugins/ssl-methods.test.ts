import t, { type Test } from "tap";
import {
  Applications,
  assemble,
  conditionalEntropy,
  contextOf,
  crossEntropy,
  type GanObjective,
  Key,
  type Mode,
  Optimizers,
  refsOf,
  tf,
  transientState,
  type Weighted,
} from "../../core/mod.ts";
import { samplingTrick } from "../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { codeLength } from "../../plugins/semi-supervised/bad-gan/bad-gan.ts";
import { recipesOf } from "../../plugins/semi-supervised/bad-gan-ssl/recipes.ts";
import { marginalEntropy } from "../../plugins/semi-supervised/catgan/catgan.ts";
import { inconsistency } from "../../plugins/semi-supervised/ct-gan/ct-gan.ts";
import { dsgan } from "../../plugins/semi-supervised/dsgan/dsgan.ts";
import { eq4, takenForData, takenForGenerated } from "../../plugins/semi-supervised/eq4.ts";
import { featureDistance, pullAway } from "../../plugins/semi-supervised/matching.ts";
import {
  type SslBatch,
  SslMethods,
  type SslProblem,
  type SslSetting,
} from "../../plugins/semi-supervised/method.ts";
import { checkOptions } from "../conformance/options.ts";

await tf.setBackend("cpu");
await tf.ready();

const base = new URL(import.meta.url);
const registry = await assemble(builtinPlugins);
const context = contextOf(registry, base);
const key = Key.from("ssl");

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const close = (t: Test, found: tf.Tensor | number, expected: number, what: string): void => {
  const value = typeof found === "number" ? found : found.dataSync()[0]!;
  t.ok(
    Math.abs(value - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
    `${what}: ${value} is ${expected}`,
  );
};

const rows: Record<"labeled" | "unlabeled" | "generated", number[][]> = {
  labeled: [
    [1.2, -0.4, 0.3],
    [-2, 0.1, 0.7],
    [0, 0, 5],
  ],
  unlabeled: [
    [0.2, 0.1, -3],
    [4, 1, 1],
    [-1, -2, -0.5],
  ],
  generated: [
    [-4, -3, -5],
    [0.5, 1, -1],
    [2, -2, 0],
  ],
};
const classes = [0, 2, 1];
const logits = (of: keyof typeof rows): tf.Tensor2D => tf.tensor2d(rows[of]);
const oneHot = tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), 3), "float32");

/** Probabilities of a row of K logits and one fixed at 0, as Eq. (4) has them. */
function probabilities(row: readonly number[]): number[] {
  const terms = [...row, 0].map(Math.exp);
  const sum = terms.reduce((a, b) => a + b);
  return terms.map((e) => e / sum);
}
/** Probabilities of the K classes given that it is one of them. */
function among(row: readonly number[]): number[] {
  const p = probabilities(row).slice(0, -1);
  const sum = p.reduce((a, b) => a + b);
  return p.map((x) => x / sum);
}
const direct = {
  crossEntropy: mean(rows.labeled.map((row, i) => -Math.log(among(row)[classes[i]!]!))),
  data: mean(rows.unlabeled.map((row) => -Math.log(1 - probabilities(row).at(-1)!))),
  generated: mean(rows.generated.map((row) => -Math.log(probabilities(row).at(-1)!))),
  entropy: mean(rows.unlabeled.map((row) => -among(row).reduce((sum, p) => sum + p * Math.log(p), 0))),
};

t.test("the terms of Eq. (4) are what softmax over K + 1 logits gives", async (t) => {
  close(t, crossEntropy(logits("labeled"), oneHot), direct.crossEntropy, "labelled");
  close(t, takenForData(logits("unlabeled")), direct.data, "unlabelled");
  close(t, takenForGenerated(logits("generated")), direct.generated, "generated");
  close(t, conditionalEntropy(logits("unlabeled")), direct.entropy, "conditional entropy");
});

t.test("eq4() weights its terms, 2 being Eq. (4) to the letter", async (t) => {
  const all = { labeled: logits("labeled"), unlabeled: logits("unlabeled"), generated: logits("generated") };
  const { crossEntropy: ce, data, generated, entropy } = direct;
  close(t, eq4(all, oneHot, { ganWeight: 2, entropyWeight: 0 }), ce + data + generated, "Eq. (4)");
  const weighted = eq4(all, oneHot, { ganWeight: 1, entropyWeight: 0.3 });
  close(t, weighted, ce + (data + generated) / 2 + 0.3 * entropy, "as the authors' code has it");
});

t.test(
  "the terms of Eq. (4) stay finite, and have gradients, where probabilities are 0 in float32",
  async (t) => {
    const far = tf.tensor2d([
      [1000, -1000, 0],
      [-1000, -1000, -1000],
    ]);
    const labels = tf.tensor2d([
      [0, 1, 0],
      [1, 0, 0],
    ]);
    close(t, crossEntropy(far, labels), (2000 + Math.log(3)) / 2, "labelled");
    close(t, takenForData(far), (0 + 1000 - Math.log(3)) / 2, "unlabelled");
    close(t, takenForGenerated(far), 1000 / 2, "generated");
    close(t, conditionalEntropy(far), Math.log(3) / 2, "conditional entropy");
    for (const f of [takenForData, takenForGenerated, conditionalEntropy]) {
      const slopes = tf
        .grad((x: tf.Tensor) => f(x))(far)
        .dataSync();
      t.ok(slopes.every(Number.isFinite), `${f.name}: ${slopes}`);
    }
  },
);

t.test("the peers' terms are what their papers say", async (t) => {
  const [a, b] = [
    [
      [1, 2],
      [3, 5],
    ],
    [
      [0, 1],
      [1, 0],
      [2, 2],
    ],
  ];
  const difference = [2 - 1, 3.5 - 1];
  const [generated, real] = [tf.tensor2d(a), tf.tensor2d(b)];
  close(
    t,
    featureDistance(generated, real, "squared"),
    mean(difference.map((d) => d * d)),
    "feature matching",
  );
  close(t, featureDistance(generated, real, "absolute"), mean(difference), "feature matching, absolute");

  const cosine = (x: readonly number[], y: readonly number[]): number =>
    (x[0]! * y[0]! + x[1]! * y[1]!) / (Math.hypot(...x) * Math.hypot(...y));
  const three = [
    [1, 0],
    [1, 1],
    [-2, 3],
  ];
  const pairs = three.flatMap((x, i) => three.flatMap((y, j) => (i === j ? [] : [cosine(x, y) ** 2])));
  close(t, pullAway(tf.tensor2d(three)), mean(pairs), "pull-away");
  t.ok(Number.isFinite(pullAway(tf.zeros([3, 2])).dataSync()[0]), "pull-away of features that are all 0");

  const [m, s, z] = [
    [0.5, 2],
    [-0.3, 0.4],
    [0.1, 0.9],
  ];
  const density = m.map((mu, i) => {
    const sigma = Math.exp(s[i]!);
    return Math.exp(-(((z[i]! - mu) / sigma) ** 2) / 2) / (sigma * Math.sqrt(2 * Math.PI));
  });
  const nats = -density.map(Math.log).reduce((sum, x) => sum + x, 0);
  close(t, codeLength(tf.tensor3d([[m, s]]), tf.tensor2d([z])), nats, "variational, summed over z");
  const twice = codeLength(
    tf.tensor3d([
      [m, s],
      [m, s],
    ]),
    tf.tensor2d([z, z]),
  );
  close(t, twice, nats, "variational, averaged over rows");

  const averaged = [0, 1, 2].map((k) => mean(rows.unlabeled.map((row) => among(row)[k]!)));
  const entropy = -averaged.reduce((sum, p) => sum + p * Math.log(p), 0);
  close(t, marginalEntropy(logits("unlabeled")), entropy, "marginal entropy");

  const one = { features: tf.tensor3d([[[1, 2]], [[0, 5]], [[3, 3]]]), logits: logits("unlabeled") };
  const other = { features: tf.tensor3d([[[1, 0]], [[4, 5]], [[3, 2]]]), logits: logits("generated") };
  const squares = [4 / 2, 16 / 2, 1 / 2];
  const apart = rows.unlabeled.map((row, i) => {
    const [p, q] = [among(row), among(rows.generated[i]!)];
    return 2 * (mean(p.map((x, k) => (x - q[k]!) ** 2)) + 0.1 * squares[i]!);
  });
  const margin = 0.45; // between the rows' values
  t.ok(Math.min(...apart) < margin && margin < Math.max(...apart), `${apart}`);
  close(
    t,
    inconsistency(one, other, { consistency: 2, featureConsistency: 0.1, margin }),
    mean(apart.map((x) => Math.max(0, x - margin))),
    "consistency",
  );
});

const m = 10;
const setting: SslSetting = { recipe: "mnist", preset: "authors" };

/** A problem of points in the plane. */
function problemOf(of: SslSetting = setting) {
  const classifier = mlp({ hidden: [6, 4], activation: "leaky-relu", spectralNorm: false }).build(
    { input: [2], output: [3] },
    key.fold("classifier"),
  );
  const { features } = classifier;
  const state = transientState();
  const shared = { classifier, features: features!, shape: [2], m, state, context };
  return { setting: of, ...shared, key: key.fold("method") };
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

t.test("every method leaves what it does not train alone, and gives finite losses that fall", async (t) => {
  const all = registry.all(SslMethods);
  t.same(all.map(({ name }) => name).sort(), [
    "bad-gan",
    "catgan",
    "ct-gan",
    "dsgan",
    "feature-matching",
    "supervised",
  ]);
  for (const described of all) {
    const use = described.name;
    const variants = use === "bad-gan" ? [{ diversity: "pull-away" }, { diversity: "variational" }] : [{}];
    for (const variant of variants) {
      const parsed = described.options(refsOf(registry)).parse({
        ...variant,
        ...(use === "supervised" ? {} : { generator: network, latent: 3 }),
        ...(use === "dsgan" && { critic: network }),
      }) as object;
      const method = await context.create(SslMethods, { use, ...parsed });
      const problem = problemOf();
      const learner = await method.start(problem);
      const labels = tf.cast(
        tf.oneHot(
          tf.tensor1d(
            Array.from({ length: m }, (_, i) => i % 3),
            "int32",
          ),
          3,
        ),
        "float32",
      );
      const given: Record<string, tf.Tensor> = {
        labeled: batch("labeled"),
        labels,
        unlabeled: batch("unlabeled"),
      };
      for (const name of Object.keys(learner.draws ?? {})) given[name] = batch(name);
      const weights = (): number[][] =>
        [problem.classifier, ...learner.players.flatMap(({ networks }) => networks)].map((n) =>
          [...n.parameters.values()].flatMap((v) => [...v.dataSync()]),
        );
      for (const player of learner.players) {
        const variables = player.networks.flatMap((n) => [...n.parameters.values()]);
        const { value, grads } = tf.variableGrads(
          () => player.loss(given as SslBatch, key.fold("p")),
          variables,
        );
        t.ok(Number.isFinite(value.dataSync()[0]), `${use}: ${player.name}'s loss`);
        const size = Object.values(grads).reduce((sum, g) => sum + tf.sum(tf.abs(g)).dataSync()[0]!, 0);
        t.ok(size > 0, `${use}: ${player.name} has a gradient`);
      }
      const before = weights();
      const own = [...problem.classifier.parameters.values()];
      const optimizer = (
        await context.create(Optimizers, {
          use: "adam",
          learningRate: 0.02,
          decayFrom: 1,
          floor: 0,
          beta1: 0.5,
          beta2: 0.9,
          epsilon: 1e-8,
        })
      ).start(own);
      const losses: number[] = [];
      for (let step = 1; step <= 20; step++) {
        const { value, grads } = tf.variableGrads(
          () => learner.classifierLoss(given as SslBatch, key.fold("c")),
          own,
        );
        losses.push(value.dataSync()[0]!);
        const numbers = Object.entries(optimizer.numbers(step, 0)).map(([name, x]) => [name, tf.scalar(x)]);
        optimizer.update(
          own.map((v) => grads[v.name]!),
          Object.fromEntries(numbers),
        );
      }
      t.ok(
        losses.at(-1)! < losses[0]!,
        `${use}: the classifier's loss falls: ${losses[0]} to ${losses.at(-1)}`,
      );
      t.same(weights().slice(1), before.slice(1), `${use}: the players stay as they were`);
      t.equal(learner.generate === undefined, use === "supervised");
      learner.dispose();
    }
  }
});

t.test("ct-gan is feature matching with a price on saying two things of a row", async (t) => {
  const problem = problemOf();
  let passes = 0;
  // noise by the pass: each adds what the key of that pass draws
  const features = {
    ...problem.features,
    head: (f: tf.Tensor, mode: Mode) =>
      tf.add(problem.features.head(f, mode), mode.key!.fold("noise").normal([m, 3])),
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
  t.equal(passes, 3, "one pass of each batch");
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
  const dsganOf = async (of: SslSetting, more: object = {}) => {
    const objective = { use: "wgan-gp", lambda: 10, penalty: "two-sided" };
    const options = { use: "dsgan", objective, mixer: { use: "sampling-trick" }, latent: 3, ganWeight: 1 };
    const method = await context.create(SslMethods, {
      ...options,
      generator: network,
      critic: network,
      ...more,
    });
    return (await method.start(problemOf(of))).settings;
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

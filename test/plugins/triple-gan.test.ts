/** Triple-GAN: its losses beside the same worked out pair by pair, whose gradient goes where, its schedule, its networks. */
import t from "tap";
import {
  assemble,
  conditionalEntropy,
  contextOf,
  crossEntropy,
  InputError,
  Key,
  type Mode,
  type Network,
  type NetworkPlan,
  Networks,
  refsOf,
  tf,
  transientState,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { mlp, tripleGanDiscriminator } from "../../plugins/networks/mod.ts";
import {
  classified,
  classifiedPrice,
  disagreement,
  discriminatorLoss,
  imbalance,
  likeliest,
  type SslBatch,
  type SslLearner,
  type SslProblem,
  type SslSetting,
  type TripleGanOptions,
  tripleGan,
} from "../../plugins/semi-supervised/mod.ts";
import { evenLabels } from "../../plugins/semi-supervised/triple-gan/conditional.ts";
import { price } from "../../plugins/semi-supervised/triple-gan/losses.ts";
import { type Schedule, weightsAt } from "../../plugins/semi-supervised/triple-gan/triple-gan.ts";
import { checkNetwork } from "../conformance/network.ts";
import { checkOptions } from "../conformance/options.ts";
import { close, mean } from "./close.ts";

await tf.setBackend("cpu");
await tf.ready();

const registry = await assemble(builtinPlugins);
const context = contextOf(registry, new URL(import.meta.url));
const key = Key.from("triple-gan");
const [K, m] = [3, 6];

const rows = [
  [1.2, -0.4, 0.3],
  [-2, 0.1, 0.7],
];
const softmax = (row: readonly number[]): number[] => {
  const sum = row.reduce((total, x) => total + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / sum);
};
const D = (s: number): number => 1 / (1 + Math.exp(-s));
const logits = tf.tensor2d(rows);
const p = rows.map(softmax);
const x = tf.tensor2d([
  [5, 6],
  [7, 8],
]);

t.test("classified() pairs a row with its likeliest label, or with all", (t) => {
  const one = classified(x, logits, "likeliest");
  t.same(one.pairs.x.arraySync(), x.arraySync());
  t.same(one.pairs.y.arraySync(), [
    [1, 0, 0],
    [0, 0, 1],
  ]);
  one.p.dataSync().forEach((found, i) => void close(t, found, [p[0]![0]!, p[1]![2]!][i]!, `p of row ${i}`));
  const all = classified(x, logits, "exact");
  t.same(all.pairs.x.arraySync(), [...Array(K).fill([5, 6]), ...Array(K).fill([7, 8])]);
  const eye = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  t.same(all.pairs.y.arraySync(), [...eye, ...eye]);
  const images = classified(tf.ones([2, 4, 5, 1]), logits, "exact");
  t.same(images.pairs.x.shape, [2 * K, 4, 5, 1]);
  t.end();
});

const scores = [0.3, -1, 2, 0.5, 0.1, -2]; // of both rows with each label
const costs = {
  saturating: scores.map((s) => Math.log(1 - D(s))),
  "non-saturating": scores.map((s) => -Math.log(D(s))),
};

for (const form of ["saturating", "non-saturating"] as const) {
  t.test(`the classifier's price, ${form}, and its gradient are those of the expectation`, (t) => {
    const cost = costs[form];
    const value = (z: tf.Tensor): tf.Scalar =>
      classifiedPrice(classified(x, z, "exact"), tf.tensor2d(scores, [2 * K, 1]), form);
    const expected = p.map((row, i) => row.reduce((sum, q, k) => sum + q * cost[K * i + k]!, 0));
    close(t, value(logits), mean(expected), "Σ_y p(y | x)·price");
    // d/dz_j Σ_k p_k·c_k = p_j·(c_j − Σ_k p_k·c_k), over 2 rows
    const slopes = tf.grad(value)(logits).dataSync();
    slopes.forEach((slope, j) => {
      const [i, k] = [Math.floor(j / K), j % K];
      close(t, slope, (p[i]![k]! * (cost[j]! - expected[i]!)) / 2, `slope in logit ${k} of row ${i}`);
    });

    const likely = (z: tf.Tensor): tf.Scalar =>
      classifiedPrice(classified(x, z, "likeliest"), tf.tensor2d([scores[0]!, scores[5]!], [2, 1]), form);
    close(t, likely(logits), mean([p[0]![0]! * cost[0]!, p[1]![2]! * cost[5]!]), "at the likeliest label");
    const first = tf.grad(likely)(logits).dataSync();
    close(t, first[0]!, (cost[0]! * p[0]![0]! * (1 - p[0]![0]!)) / 2, "slope in its own logit");
    close(t, first[1]!, (-cost[0]! * p[0]![0]! * p[0]![1]!) / 2, "slope in another");
    t.end();
  });
}

t.test("price() stays finite where D is sure", (t) => {
  for (const form of ["saturating", "non-saturating"] as const) {
    const sure = tf.tensor1d([-1000, 1000]);
    const found = [...price(sure, form).dataSync()];
    t.same(found, form === "saturating" ? [-0, -1000] : [1000, 0], form);
  }
  t.end();
});

t.test("the discriminator's loss is the cross-entropy of its three kinds of pairs", (t) => {
  const [labeled, pseudo, generated] = [
    [0.4, -1.5],
    [2, 1, 0],
    [-0.3, 0.8],
  ];
  const column = (values: readonly number[]): tf.Tensor => tf.tensor2d([...values], [values.length, 1]);
  const real = (values: readonly number[]): number => mean(values.map((s) => -Math.log(D(s))));
  const fake = (values: readonly number[]): number => mean(values.map((s) => -Math.log(1 - D(s))));
  const given = { labeled: column(labeled), pseudo: column(pseudo), generated: column(generated) };
  const weights = { alpha: 0.25, labeledShare: 0.1 };
  const expected = 0.1 * real(labeled) + 0.9 * real(pseudo) + 0.75 * fake(generated);

  const hard = { ...given, classified: column([scores[0]!, scores[5]!]) };
  const one = discriminatorLoss(hard, tf.tensor2d([[p[0]![0]!], [p[1]![2]!]]), weights);
  close(t, one, expected + 0.25 * fake([scores[0]!, scores[5]!]), "likeliest labels count in full");

  const all = discriminatorLoss({ ...given, classified: column(scores) }, tf.tensor2d(p), weights);
  const each = p.map((row, i) => row.reduce((sum, q, k) => sum - q * Math.log(1 - D(scores[K * i + k]!)), 0));
  close(t, all, expected + 0.25 * mean(each), "all labels, by their probabilities");

  const { pseudo: _, ...none } = hard;
  const alone = discriminatorLoss(none, tf.tensor2d([[1], [1]]), weights);
  close(
    t,
    alone,
    real(labeled) + 0.75 * fake(generated) + 0.25 * fake([scores[0]!, scores[5]!]),
    "labelled rows alone are all that is real",
  );
  t.end();
});

t.test("the classifier's regularisers are what the authors' code has", (t) => {
  const averaged = [0, 1, 2].map((k) => mean(p.map((row) => row[k]!)));
  close(t, imbalance(logits), mean(averaged.map((q) => -Math.log(q))), "imbalance");
  close(t, imbalance(tf.zeros([4, K])), Math.log(K), "least where all classes are used alike");
  const collapsed = tf.tensor2d([[1000, 0, 0]]);
  t.ok(Number.isFinite(imbalance(collapsed).dataSync()[0]), "finite where a class has probability 0");
  const others = [
    [0, 1, 0],
    [1, 1, -1],
  ];
  const squares = others.map(softmax).flatMap((row, i) => row.map((q, k) => (q - p[i]![k]!) ** 2));
  close(t, disagreement(logits, tf.tensor2d(others)), mean(squares), "disagreement");
  t.end();
});

t.test("likeliest() is a constant to gradients", (t) => {
  const f = (z: tf.Tensor): tf.Scalar => tf.sum(tf.mul(z, likeliest(z))) as tf.Scalar;
  t.same([...tf.grad(f)(logits).dataSync()], [1, 0, 0, 0, 0, 1]);
  t.end();
});

t.test("evenLabels() draws each class as often, up to chance", (t) => {
  const counts = (n: number, k: Key): number[] => [...tf.sum(evenLabels(n, K, k), 0).dataSync()];
  t.same(counts(30, key), [10, 10, 10], "a multiple of the classes");
  const seen = Array.from({ length: 300 }, (_, i) => counts(1, key.fold(i)));
  for (let k = 0; k < K; k++) {
    const n = seen.reduce((sum, row) => sum + row[k]!, 0);
    t.ok(n > 70 && n < 130, `class ${k} in ${n} of 300 single rows`); // 100 ± 8
  }
  t.end();
});

/** A plan whose networks tell of what they are given. */
function watched(plan: NetworkPlan, seen: (x: tf.Tensor, mode: Mode) => void): NetworkPlan {
  return {
    name: plan.name,
    build(ports, k): Network {
      const network = plan.build(ports, k);
      return {
        ...network,
        apply(rows, mode) {
          seen(rows, mode);
          return network.apply(rows, mode);
        },
      };
    },
  };
}

function problemOf(setting: SslSetting, shape: readonly number[] = [2]): SslProblem {
  const classifier = mlp({ hidden: [5] }).build({ input: shape, output: [K] }, key.fold("classifier"));
  const shared = { classifier, features: classifier.features!, shape, m, context };
  return { ...shared, setting, state: transientState(), key: key.fold("method") };
}
const authors: SslSetting = { recipe: "mnist", preset: "authors" };
const usual: TripleGanOptions = {
  ...{ alpha: 0.25, estimate: "likeliest", pretrainBalance: 0.3, consistencyRamp: 0.08, latent: 4 },
  ...{ generator: mlp({ hidden: [5] }), discriminator: mlp({ hidden: [5] }) },
};
const batch = (more: Readonly<Record<string, number>>): SslBatch => ({
  labeled: key.fold("labeled").normal([m, 2]),
  labels: evenLabels(m, K, key.fold("labels")),
  unlabeled: key.fold("unlabeled").normal([m, 2]),
  real: key.fold("real").normal([m, 2]),
  ...Object.fromEntries(Object.entries(more).map(([name, value]) => [name, tf.scalar(value)])),
});
const off = { adversarial: 0, balance: 0, pseudo: 0, consistency: 0 };

t.test("the discriminator is shown labelled, pseudo-labelled, classified and generated pairs", async (t) => {
  let shown: number[][] = [];
  const discriminator = watched(mlp({ hidden: [5] }), (pairs) => {
    shown = pairs.arraySync() as number[][];
  });
  const problem = problemOf(authors);
  const learner = await tripleGan({ ...usual, discriminator, labeledShare: 0.3 }).start(problem);
  t.same(learner.draws, { real: "unlabeled" });
  t.same(
    learner.players.map(({ name }) => name),
    ["discriminator", "generator"],
  );
  const given = batch(off);
  learner.players[0]!.loss(given, key);
  t.equal(shown.length, 3 * m, "m real pairs, m classified, m generated");
  const list = (rows: tf.Tensor): number[][] => rows.arraySync() as number[][];
  const predicted = (rows: tf.Tensor): number[][] =>
    list(likeliest(problem.classifier.apply(rows, { training: false })));
  const joined = (xs: number[][], ys: number[][]): number[][] => xs.map((row, i) => [...row, ...ys[i]!]);
  const known = 2; // 0.3 of 6
  t.same(shown.slice(0, known), joined(list(given.labeled), list(given.labels)).slice(0, known), "labelled");
  const pseudo = joined(list(given.real!), predicted(given.real!)).slice(0, m - known);
  t.same(shown.slice(known, m), pseudo, "pseudo-labelled");
  t.same(shown.slice(m, 2 * m), joined(list(given.unlabeled), predicted(given.unlabeled)), "classified");
  const classes = shown.slice(2 * m).map((row) => row.slice(2).indexOf(1));
  t.same(classes, [0, 0, 1, 1, 2, 2], "generated, of each class");
  learner.dispose();
});

t.test("the generator takes z and the label that its rows are judged with", async (t) => {
  const asked: number[][] = [];
  const generator = watched(
    mlp({ hidden: [5] }),
    (rows) => void asked.push(...(rows.arraySync() as number[][])),
  );
  let shown: number[][] = [];
  const discriminator = watched(mlp({ hidden: [5] }), (rows) => {
    shown = rows.arraySync() as number[][];
  });
  const learner = await tripleGan({ ...usual, generator, discriminator }).start(problemOf(authors));
  learner.players[1]!.loss(batch(off), key);
  t.equal(asked.length, m);
  t.equal(asked[0]!.length, 4 + K);
  t.same(
    asked.map((row) => row.slice(4)),
    shown.map((row) => row.slice(2)),
  );
  t.ok(asked.every((row) => row.slice(0, 4).every((z) => z >= 0 && z < 1)));
  learner.dispose();
});

/** Sums of the sizes of a loss's slopes in each of some networks. */
function slopesIn(loss: () => tf.Scalar, networks: readonly Network[]): number[] {
  return networks.map(({ parameters }) => {
    const variables = [...parameters.values()];
    const anchored = (): tf.Scalar => tf.add(loss(), tf.mul(0, tf.sum(variables[0]!)));
    const { grads } = tf.variableGrads(anchored, variables);
    return Object.values(grads).reduce((sum, slope) => sum + tf.sum(tf.abs(slope)).dataSync()[0]!, 0);
  });
}

t.test("labels of the classifier carry no gradient to it but that of their probability", async (t) => {
  const problem = problemOf(authors);
  const learner = await tripleGan({ ...usual, labeledShare: 0.3 }).start(problem);
  const [discriminator, generator] = learner.players.map(({ networks }) => networks[0]!);
  const given = batch(off);
  const [inClassifier, inDiscriminator] = slopesIn(
    () => learner.players[0]!.loss(given, key),
    [problem.classifier, discriminator!],
  );
  t.equal(inClassifier, 0, "the discriminator's loss, in the classifier");
  t.ok(inDiscriminator! > 0);
  const [ofG, inG] = slopesIn(() => learner.players[1]!.loss(given, key), [problem.classifier, generator!]);
  t.equal(ofG, 0, "the generator's loss does not ask the classifier");
  t.ok(inG! > 0);
  learner.dispose();
});

t.test("the classifier's loss is made of its terms, by their weights", async (t) => {
  const problem = problemOf(authors);
  const start = (more: Partial<TripleGanOptions> = {}): Promise<SslLearner> =>
    tripleGan({ ...usual, consistencyWeight: 1, ...more }).start({ ...problem, state: transientState() });
  const learner = await start();
  const loss = (from: SslLearner, weights: object = {}): number =>
    from.classifierLoss(batch({ ...off, ...weights }), key).dataSync()[0]!;
  const given = batch(off);
  const found = {
    labeled: problem.classifier.apply(given.labeled, { training: false }),
    unlabeled: problem.classifier.apply(given.unlabeled, { training: false }),
  };
  const base = crossEntropy(found.labeled, given.labels).dataSync()[0]!;
  const entropy = conditionalEntropy(found.unlabeled).dataSync()[0]!;
  close(t, loss(learner), base + 0.3 * entropy, "labels, and the entropy of unlabelled rows");
  const none = await start({ entropyWeight: 0 });
  close(t, loss(none), base, "labels alone");
  close(t, loss(none, { balance: 2 }), base + 2 * imbalance(found.unlabeled).dataSync()[0]!, "balance");
  close(t, loss(none, { consistency: 5 }), base, "a classifier without noise agrees with itself");
  const one = loss(none, { pseudo: 1 }) - base;
  t.ok(one > 0.1, `generated rows cost ${one}`);
  close(t, loss(none, { pseudo: 2 }) - base, 2 * one, "in proportion to their weight");
  const judged = loss(none, { adversarial: 1 }) - base;
  t.ok(judged > 0.01, `−log D costs ${judged}`);
  const paper = await start({ entropyWeight: 0, form: "saturating" });
  t.ok(loss(paper, { adversarial: 1 }) < base, "log(1 − D) is below 0");
  const twice = await start({ entropyWeight: 0, alpha: 0.5 });
  close(t, loss(twice, { adversarial: 1 }) - base, 2 * judged, "in proportion to α");
  for (const each of [learner, none, paper, twice]) each.dispose();
});

t.test("weights change over the training", (t) => {
  const schedule: Schedule = {
    ...{ adversarialWeight: 2, balanceWeight: 0.01, pretrain: 0.1, pretrainBalance: 0.3 },
    ...{ pseudoWeight: 0.5, pseudoFrom: 0.4, consistencyWeight: 100, consistencyRamp: 0.2 },
  };
  const at = (progress: number) => weightsAt(schedule, progress);
  t.match(at(0), { adversarial: 0, balance: 0.3, pseudo: 0 });
  t.match(at(0.1), { adversarial: 2, balance: 0.01, pseudo: 0 });
  t.equal(at(0.39).pseudo, 0);
  t.equal(at(0.4).pseudo, 0.5);
  close(t, at(0).consistency, 100 * Math.exp(-5), "the ramp's foot");
  close(t, at(0.1).consistency, 100 * Math.exp(-1.25), "half way");
  t.equal(at(0.2).consistency, 100);
  t.same(weightsAt({ ...schedule, pretrain: 0, consistencyRamp: 0 }, 0), {
    ...{ adversarial: 2, balance: 0.01, pseudo: 0, consistency: 100 },
  });
  t.end();
});

t.test("recipes are the numbers of the authors' code", async (t) => {
  const settings = async (setting: SslSetting, shape: readonly number[]): Promise<object> => {
    const learner = await tripleGan({
      ...usual,
      ...{ generator: mlp({ hidden: [2] }), discriminator: mlp({ hidden: [2] }) },
    }).start(problemOf(setting, shape));
    learner.dispose();
    return learner.settings;
  };
  t.match(await settings(authors, [4, 4, 1]), {
    ...{ form: "non-saturating", labeledShare: 1 / 401, adversarialWeight: 1, entropyWeight: 0.3 },
    ...{ balanceWeight: 0.001, pseudoWeight: 0.1, pseudoFrom: 0.3, consistencyWeight: 0, labelAs: "values" },
  });
  t.match(await settings({ recipe: "svhn", preset: "authors" }, [4, 4, 3]), {
    ...{ labeledShare: 0.1, adversarialWeight: 0.01, entropyWeight: 0.3, pseudoWeight: 0.03 },
    ...{ pseudoFrom: 0.2, consistencyWeight: 0, labelAs: "channels" },
  });
  t.match(await settings({ recipe: "cifar10", preset: "paper" }, [4, 4, 3]), {
    ...{ form: "saturating", labeledShare: 0.2, entropyWeight: 0, balanceWeight: 0, pseudoWeight: 0.1 },
    ...{ consistencyWeight: 100, pseudoFrom: 0.2 },
  });
});

t.test("labels are channels of images, and of nothing else", async (t) => {
  const problem = { ...problemOf({ recipe: "svhn", preset: "authors" }, [4, 5, 2]) };
  let shown: tf.Tensor4D | undefined;
  const discriminator = watched(mlp({ hidden: [2] }), (pairs) => {
    shown = tf.keep(pairs.clone() as tf.Tensor4D);
  });
  const learner = await tripleGan({ ...usual, discriminator }).start(problem);
  learner.players[1]!.loss(batch(off), key);
  t.same(shown!.shape, [m, 4, 5, 2 + K]);
  const maps = tf.slice(shown!, [0, 0, 0, 2], [m, 4, 5, K]);
  const labels = evenLabels(m, K, key);
  const expected = tf.mul(tf.ones([m, 4, 5, K]), tf.reshape(labels, [m, 1, 1, K]));
  t.equal(tf.max(tf.abs(tf.sub(maps, expected))).dataSync()[0], 0, "each all 0 or all 1");
  learner.dispose();
  const flat = tripleGan({ ...usual, labelAs: "channels" }).start(problemOf(authors));
  await t.rejects(flat, {
    constructor: InputError,
    message: /labelAs: channels takes images, but rows are \[2\]/,
  });
});

const ports = { input: [2 + K], output: [1] };

t.test("triple-gan-discriminator meets the contract of networks", async (t) => {
  await checkNetwork(t, tripleGanDiscriminator({ classes: K, hidden: [5, 4] }), ports);
  const component = registry.find(Networks, "triple-gan-discriminator");
  checkOptions(t, component, refsOf(registry));
});

t.test("triple-gan-discriminator shows each layer the label, and spares it noise", (t) => {
  const net = tripleGanDiscriminator({ classes: K, hidden: [5, 4] }).build(ports, key);
  const shapes = [...net.parameters].map(([name, { shape }]) => [name, shape]);
  t.same(shapes, [
    ["0/weight", [2 + K, 5]],
    ["0/bias", [5]],
    ["1/weight", [5 + K, 4]],
    ["1/bias", [4]],
    ["2/weight", [4 + K, 1]],
    ["2/bias", [1]],
  ]);
  // with weights of the label alone, the score is as without noise
  tf.tidy(() => {
    for (const [name, v] of net.parameters) {
      if (!name.endsWith("weight")) continue;
      const [inputs, units] = v.shape as [number, number];
      v.assign(tf.concat([tf.zeros([inputs - K, units]), key.fold(name).normal([K, units])]));
    }
  });
  const pairs = tf.concat([key.fold("row").normal([4, 2]), evenLabels(4, K, key.fold("label"))], 1);
  const use = net.apply(pairs, { training: false }).dataSync();
  const noisy = net.apply(pairs, { training: true, key }).dataSync();
  t.same([...noisy], [...use], "noise does not reach the label");
  t.ok(new Set(use).size > 1, "another label, another score");
  t.throws(() => tripleGanDiscriminator().build(ports, key), {
    constructor: InputError,
    message: /set classes/,
  });
  net.dispose();
  t.end();
});

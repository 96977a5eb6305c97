/** Classifiers that give NaN or infinity: such an answer is wrong, and told of, wherever answers are compared. */
import t from "tap";
import {
  accuracyWarnings,
  countOf,
  DEFAULT_SENTINELS,
  fromArrays,
  Key,
  type Network,
  type NetworkPlan,
  NO_CLASS,
  predictionOf,
  splitRows,
  type TargetDistributionSpec,
  tf,
  transientState,
  warningsOfSilence,
} from "../../core/mod.ts";
import { classifier } from "../../plugins/measures/classifier/classifier.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { sgd } from "../../plugins/optimizers/sgd/sgd.ts";
import { examinerOf } from "../../plugins/semi-supervised/bad-gan-ssl/evaluation.ts";
import { evaluate } from "../fixtures/evaluating.ts";

await tf.setBackend("cpu");
await tf.ready();

t.test("predictionOf() gives no class where any logit is not finite", (t) => {
  const rows = [
    [0, 1, 2],
    [Number.NaN, 1, 2],
    [1, Number.NaN, 0],
    [0, Number.POSITIVE_INFINITY, 0],
    [3, Number.NEGATIVE_INFINITY, 0],
    [Number.NaN, Number.NaN, Number.NaN],
    [5, 5, 1],
  ];
  const found = [...predictionOf(tf.tensor2d(rows)).dataSync()];
  t.same(found, [2, NO_CLASS, NO_CLASS, NO_CLASS, NO_CLASS, NO_CLASS, 0]);
  t.end();
});

t.test("accuracyWarnings() tells of silence and of chance, and of nothing where a model has learnt", (t) => {
  const labels = Array.from({ length: 200 }, (_, i) => i % 10);
  const warnings = (predictions: readonly number[], of = labels, classes = 10) =>
    accuracyWarnings("m", "images", countOf(of, predictions, classes));
  t.same(warnings(labels), []);
  t.same(warnings(labels.map((label, i) => (i % 2 === 0 ? label : (label + 1) % 10))), [], "half is enough");
  t.match(warnings(labels.map(() => 3)), [
    /^m has 10.0 % of 200 images right, little more than by chance \(10.0 %\)/,
  ]);
  t.match(warnings(labels.map((label, i) => (i < 4 ? NO_CLASS : label))), [
    /^m gives NaN or infinity for 4 of 200 images: they count as wrong$/,
  ]);
  const mostly = labels.map((_, i) => (i % 10 === 0 ? 1 : 0));
  t.equal(
    warnings(
      mostly.map(() => 0),
      mostly,
      2,
    ).length,
    1,
    "always the commonest class is chance",
  );
  t.same(
    warnings(
      labels.map(() => 3),
      labels.map(() => 3),
    ),
    [],
    "of one class alone nothing can be said",
  );
  t.same(warningsOfSilence("m", 0, 10, "rows"), []);
  t.end();
});

/** Grey images of 2 × 4 pixels, some of them dark, in two classes: the first column is darker or lighter than the rest. */
const n = 50;
const grey = Key.from("grey").uniformArray(n, 0.15, 0.85);
const labels = Array.from({ length: n }, (_, i) => i % 2);
const data = {
  use: "arrays",
  values: labels.map((label, i) =>
    Array.from({ length: 2 }, () =>
      [0, 1, 2, 3].map((c) => [grey[i]! + (c === 0 ? 0.1 * (2 * label - 1) : 0)]),
    ),
  ),
  labels,
  range: [0, 1],
};

/** Right about every image, but for the dark ones: there it takes the root of a negative number. */
const rooted = (x: tf.Tensor): tf.Tensor => {
  const columns = tf.mean(tf.reshape(x, [-1, 2, 4]), 1); // [n, 4]
  const [first, rest] = tf.split(columns, [1, 3], 1) as [tf.Tensor, tf.Tensor];
  const above = tf.mul(20, tf.sub(first, tf.mean(rest, 1, true)));
  const root = tf.sqrt(tf.sub(tf.mean(columns, 1, true), 0.3));
  return tf.concat([root, tf.add(above, root)], 1);
};

const evaluation = {
  data,
  n,
  classifiers: { m: { use: "invented" } },
  attacks: ["fgsm", { use: "square", queries: 60 }, { use: "deepfool", norm: "linf", steps: 5 }],
  epsilons: { linf: [0.02, 0.2] },
};

t.test("evaluate-robustness counts images without an answer as wrong, and examples as fooled", async (t) => {
  const { status, metrics, warnings, rows } = await evaluate(evaluation, rooted);
  t.equal(status, "passed");
  const dark = data.values.filter((image) => {
    const pixels = image.flat(2);
    return pixels.reduce((a, b) => a + b, 0) / pixels.length < 0.3;
  }).length;
  t.ok(dark > 5 && dark < 25, `${dark} dark images`);
  t.equal(metrics["m.clean"], 1 - dark / n);
  t.equal(metrics["m.notFinite"], dark / n);
  t.ok(warnings.includes(`m gives NaN or infinity for ${dark} of ${n} images: they count as wrong`));

  const [head, ...body] = await rows("artifacts/images.csv");
  const column = (name: string): number => head!.indexOf(name);
  const attacked = body.filter((row) => row[column("attacked")] === "1");
  const silent = attacked.filter((row) => row[column("prediction")] === String(NO_CLASS));
  t.ok(silent.length > 0, "attacks reach the dark");
  t.ok(
    silent.every((row) => row[column("epsilon")] === "" || row[column("success")] === "1"),
    "what is within the budget and has no answer is wrong",
  );
  t.ok(
    warnings.some((warning) =>
      /^m gives NaN or infinity for \d+ of \d+ examples of fgsm-linf at 0.2: .* fooled/.test(warning),
    ),
    warnings.join("\n"),
  );
  t.ok(metrics["m.fgsm-linf.notFinite"]! > 0);
});

t.test("evaluate-robustness refuses a classifier that never answers", async (t) => {
  const { status, error } = await evaluate(evaluation, (x) => tf.fill([x.shape[0]!, 2], Number.NaN));
  t.equal(status, "failed");
  t.match(error, /output has NaN for each of the 32 images/);
});

/** A network that, once trained, answers nothing where the first value is above 0.5. */
const halfSilent: NetworkPlan = {
  name: "half-silent",
  build(ports, key) {
    const inner = mlp({ hidden: [4] }).build(ports, key);
    const silenced = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => {
      const first = tf.slice(tf.reshape(x, [x.shape[0]!, -1]), [0, 0], [-1, 1]);
      return tf.where(tf.tile(tf.greater(first, 0.5), [1, y.shape[1]!]), Number.NaN, y);
    };
    const apply: Network["apply"] = (x, mode) =>
      mode.training ? inner.apply(x, mode) : silenced(x, inner.apply(x, mode));
    return { ...inner, apply };
  },
};
const half = fromArrays({
  name: "half",
  values: Float32Array.from({ length: 40 }, (_, i) => (i < 20 ? 0 : 1)),
  shape: [1],
  labels: Uint8Array.from({ length: 40 }, (_, i) => i % 2),
});

t.test("the measure classifier counts what its judge does not answer as of no class", async (t) => {
  const target: TargetDistributionSpec = {
    ...{ name: "labels", alpha: 0.5, shape: [1], pd: half.sample, pdBar: half.sample },
    classes: { data: half, pd: [0], pdBar: [0, 1] },
  };
  const measure = classifier({
    ...{ network: halfSilent, optimizer: sgd({ learningRate: 1e-9 }), epochs: 1, batch: 8, n: 30 },
  });
  const pg = (_: Key, rows: number): tf.Tensor => tf.ones([rows, 1]);
  const steps = measure.measure({
    ...{ target, pg, key: Key.from(0), state: transientState(), stage: "measure" },
    sentinels: { ...DEFAULT_SENTINELS, notFinite: "off" },
  });
  const warnings: string[] = [];
  for (;;) {
    const { done, value } = await steps.next();
    if (done) {
      t.equal(value.targetShare, 0);
      t.equal(value.avoidShare, 0);
      t.ok(value.classifierAccuracy! <= 0.5);
      break;
    }
    if (value.type === "warning") warnings.push(value.message);
  }
  t.match(warnings.join("\n"), /the judge gives NaN or infinity for 20 of 40 real rows: they count as wrong/);
  t.match(warnings.join("\n"), /the judge gives NaN or infinity for 30 of 30 generated samples/);
});

t.test("the evaluation of semi-supervised learning counts such rows as errors", async (t) => {
  const ports = { input: [1], output: [2] };
  const build = (): Network => {
    const network = halfSilent.build(ports, Key.from(1));
    const features: NonNullable<Network["features"]> = { shape: [1], of: (x) => x, head: network.apply };
    return { ...network, features };
  };
  const split = splitRows(half, { labeled: 4, validation: 0, unlabeled: "rest" }, Key.from(2));
  const [own, averaged] = [build(), build()];
  const examiner = examinerOf({
    ...{ data: half, test: half, split, classifier: own, averaged, samples: 8, key: Key.from(3) },
    learner: { settings: {}, players: [], classifierLoss: () => tf.scalar(0), dispose() {} },
  });
  const { evaluation } = await examiner.examine(1);
  t.equal(evaluation.testNotFinite, 20);
  t.ok(evaluation.testErrors >= 20);
  examiner.dispose();
});

/** What `bad-gan-ssl` counts: errors, the shares of Eq. (7), results, and the plane of its map of features. */
import t from "tap";
import { type FiniteDataset, Key, splitRows, tf } from "../../core/mod.ts";
import { moons } from "../../plugins/datasets/moons/moons.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { examinerOf, resultsOf } from "../../plugins/semi-supervised/bad-gan-ssl/evaluation.ts";
import { principalPlane } from "../../plugins/semi-supervised/bad-gan-ssl/map.ts";
import { segmentDistances, segmentDistancesOf } from "../../plugins/semi-supervised/bad-gan-ssl/segments.ts";
import { close, mean } from "./close.ts";

await tf.setBackend("cpu");
await tf.ready();

const key = Key.from("ssl evaluation");

t.test("resultsOf() tells the last epoch, the validated one and the best on test apart", async (t) => {
  const row = (epoch: number, testErrors: number, validationErrors: number) => ({
    ...{ epoch, testErrors, validationErrors, averagedErrors: testErrors - 1, averagedValidationErrors: 0 },
    ...{ labeledErrors: 3, unlabeledAbove: 0.8, generatedBelow: 0.9 },
  });
  t.match(resultsOf([row(1, 50, 9), row(2, 20, 4), row(3, 30, 3), row(4, 28, 3), row(5, 40, 5)], 200), {
    ...{ testErrors: 40, testPercent: 20, averagedErrors: 39, validatedErrors: 28, validatedEpoch: 4 },
    ...{
      bestOnTestErrors: 20,
      bestOnTestPercent: 10,
      testRows: 200,
      labeledErrors: 3,
      unlabeledAbove: 0.8,
      generatedBelow: 0.9,
    },
  });
  const { validationErrors: _, averagedValidationErrors: __, ...alone } = row(1, 5, 0);
  t.equal(resultsOf([alone], 10).validatedErrors, undefined, "without validation rows there is none");
});

t.test("segmentDistances() is the distance to the nearest segment", async (t) => {
  const width = 3;
  const rows = (name: string, n: number) => ({ values: key.fold(name).normalArray(n * width), width });
  const [points, from, to] = [rows("points", 20), rows("from", 4), rows("to", 5)];
  const row = ({ values }: { readonly values: Float32Array }, i: number): number[] => [
    ...values.slice(i * width, (i + 1) * width),
  ];
  const found = segmentDistances(points, from, to);
  for (let i = 0; i < 20; i++) {
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < 4; j++) {
      for (let k = 0; k < 5; k++) {
        for (let b = 0; b <= 1000; b++) {
          const [l, u, p] = [row(from, j), row(to, k), row(points, i)];
          least = Math.min(
            least,
            Math.hypot(...p.map((x, c) => x - (b / 1000) * l[c]! - (1 - b / 1000) * u[c]!)),
          );
        }
      }
    }
    t.ok(found[i]! <= least + 1e-9 && found[i]! > least - 1e-3, `${found[i]} is about ${least}`);
  }
  const same = { values: Float32Array.of(1, 2, 3), width };
  t.ok(
    segmentDistances({ values: Float32Array.of(1, 2, 5), width }, same, same)[0]! - 2 < 1e-9,
    "a segment of length 0",
  );
});

t.test("segmentDistancesOf() tells rows between classes from rows of independent features", async (t) => {
  // two classes far apart in ten features: what lies between them, and what mixes their features
  const width = 10;
  const around = (name: string, n: number) => ({
    values: key
      .fold(name)
      .normalArray(n * width)
      .map((x, i) => 0.1 * x + (Math.floor(i / width) % 2 === 0 ? 3 : -3)),
    width,
  });
  const [labeled, unlabeled] = [around("labeled", 10), around("unlabeled", 200)];
  const b = key.fold("b").uniformArray(100, 0, 1);
  const generated = {
    values: new Float32Array(100 * width).map((_, i) => 6 * b[Math.floor(i / width)]! - 3),
    width,
  };
  const found = segmentDistancesOf({ labeled, unlabeled, generated }, key)!;
  t.ok(found.generatedToSegments < 0.1, `between: ${found.generatedToSegments}`);
  t.ok(found.unlabeledToSegments < 0.1, `data: ${found.unlabeledToSegments}`);
  t.ok(found.shuffledToSegments > 0.5, `independent features: ${found.shuffledToSegments}`);
  const one = { values: new Float32Array(width), width };
  t.equal(
    segmentDistancesOf({ labeled, unlabeled: one, generated }, key),
    undefined,
    "one row ends no segment",
  );
});

t.test("examinerOf() counts errors and the shares of Eq. (7)", async (t) => {
  const data = moons({ size: 250, noise: 0.2, seed: 1 });
  const test = await data.heldOut!();
  const two = mlp({ hidden: [5], activation: "relu", spectralNorm: false }).build(
    { input: [2], output: [2] },
    key,
  );
  const generate = (k: Key, n: number): tf.Tensor => k.normal([n, 2]);
  const split = splitRows(data, { labeled: 10, validation: 30, unlabeled: "rest" }, key);
  const learner = {
    ...{ settings: {}, draws: {}, players: [], every: 1, generate },
    classifierLoss: () => tf.scalar(0),
    dispose() {},
  };
  const examiner = examinerOf({
    data,
    test,
    split,
    classifier: two,
    averaged: two,
    learner,
    samples: 500,
    key,
  });
  const { evaluation } = await examiner.examine(3);
  const outputs = (x: tf.Tensor): number[][] => two.apply(x, { training: false }).arraySync() as number[][];
  const everyRow = Array.from({ length: 250 }, (_, i) => i);
  const wrong = (rows: FiniteDataset, indices: ArrayLike<number>): number =>
    outputs(rows.rows(indices)).filter(([a, b], i) => (b! > a! ? 1 : 0) !== rows.labels![indices[i]!]).length;
  t.equal(evaluation.testErrors, wrong(test, everyRow));
  t.equal(evaluation.averagedErrors, evaluation.testErrors);
  t.equal(evaluation.validationErrors, wrong(data, split.validation));
  t.equal(evaluation.labeledErrors, wrong(data, split.labeled));
  const above = outputs(data.rows(split.unlabeled)).filter((row) => Math.max(...row) > 0).length;
  close(
    t,
    evaluation.unlabeledAbove,
    above / split.unlabeled.length,
    "all unlabelled rows, being fewer than asked for",
  );
  const generated = [0, 100, 200, 300, 400].flatMap((first) =>
    outputs(generate(key.fold("generated", 3, first), 100)),
  );
  const below = generated.filter((row) => Math.max(...row) <= 0).length;
  t.ok(below > 0 && below < 500, "some of both");
  close(t, evaluation.generatedBelow!, below / 500, "generated rows");
  examiner.dispose();
});

t.test("principalPlane() finds the directions of most variance", async (t) => {
  const flat = Array.from({ length: 200 }, (_, i) => [
    3 * Math.cos(i),
    0.01 * Math.sin(7 * i),
    1 + Math.sin(2.3 * i),
  ]);
  const plane = principalPlane(tf.tensor2d(flat), key);
  const points = plane.project(tf.tensor2d(flat)).arraySync();
  const centre = mean(flat.map((row) => row[2]!));
  points.forEach(([x, y], i) => {
    t.ok(Math.abs(Math.abs(x!) - Math.abs(flat[i]![0]! - mean(flat.map((row) => row[0]!)))) < 0.15);
    t.ok(Math.abs(Math.abs(y!) - Math.abs(flat[i]![2]! - centre)) < 0.15);
  });
  plane.dispose();
});

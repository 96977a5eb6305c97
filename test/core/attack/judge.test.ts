/** The judge of attacks: it believes nobody. */
import fc from "fast-check";
import t from "tap";
import {
  type Attack,
  affordableBatch,
  checkClassifier,
  checkEpsilons,
  checkImages,
  classifierOf,
  judgeOf,
  Key,
  type Norm,
  PLAIN,
  type PreparedAttack,
  prepare,
  tf,
  type Verdict,
  widest,
} from "../../../core/mod.ts";
import { imagesFor, linear } from "../../fixtures/linear.ts";

await tf.setBackend("cpu");
await tf.ready();
const key = Key.from("judge");
const signal = new AbortController().signal;

/** An attack within ℓ∞ or ℓ2 budgets that gives a fixed answer. */
const says = (
  answer: (x: tf.Tensor, epsilon: tf.Tensor1D, key: Key) => tf.Tensor,
  norm: Norm = "linf",
): PreparedAttack => {
  const attack: Attack = {
    name: "says",
    norm,
    kind: "within-budget",
    targeted: true,
    async perturb({ x, epsilon, key }, { classifier }) {
      tf.dispose(classifier.logits(x));
      return tf.tidy(() => answer(x, epsilon, key));
    },
  };
  return prepare(attack, planes.classifier);
};

/** Moves every pixel by the whole budget along the slope towards class 1 of a linear classifier of two. */
const planes = linear(1, [6], 2, [-3, 3]);
const { rows, labels, x, y } = imagesFor(planes, 2, 30);
const towards = labels.map((label) =>
  planes.w.map((row) => Math.sign((row[1]! - row[0]!) * (label === 0 ? 1 : -1))),
);
const best = says((at, epsilon) => tf.add(at, tf.mul(tf.tensor2d(towards), tf.expandDims(epsilon, 1))));
const judge = judgeOf(planes.classifier);
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const free = ({ x: found }: Verdict): void => found.dispose();

t.test("run() decides by the classifier's own prediction and measures in each norm", async (t) => {
  const exact = rows.map((row) => planes.distance(row, "linf"));
  const epsilon = exact.toSorted((a, b) => a - b)[12]! * 1.001;
  const verdict = await judge.run(best, { x, y }, { epsilon: epsilon, key, signal });
  t.same(
    [...verdict.success],
    exact.map((d) => (d <= epsilon ? 1 : 0)),
  );
  t.same(
    [...verdict.prediction],
    labels.map((label, i) => (exact[i]! <= epsilon ? 1 - label : label)),
  );
  verdict.distance.linf.forEach((d) => void t.ok(Math.abs(d - epsilon) < 1e-6));
  verdict.distance.l2.forEach((d) => void t.ok(Math.abs(d - epsilon * Math.sqrt(6)) < 1e-5));
  free(verdict);
});

t.test("run() clips, and does not count what is beyond the budget or no number", async (t) => {
  const beyond = says((at, epsilon) =>
    tf.add(at, tf.mul(tf.tensor2d(towards), tf.mul(1.01, tf.expandDims(epsilon, 1)))),
  );
  const far = await judge.run(beyond, { x, y }, { epsilon: 2, key, signal });
  t.equal(sum(far.success), 0, "1 % too much is too much");
  const outside = await judge.run(best, { x, y }, { epsilon: 100, key, signal });
  const values = await outside.x.data();
  t.ok(values.every((v) => v >= -3 && v <= 3));
  t.ok(Math.max(...outside.distance.linf) <= 6);

  const broken = says((at) => tf.mul(at, tf.tensor2d(labels.map((_, i) => [i % 2 === 0 ? Number.NaN : 1]))));
  const nan = await judge.run(broken, { x, y }, { epsilon: 1, key, signal });
  t.equal(nan.broken, 15);
  t.equal(sum(nan.success), 0);
  t.same([...nan.prediction], labels, "they are judged as the clean images");
  t.equal(Math.max(...nan.distance.linf), 0);
  [far, outside, nan].forEach(free);
});

t.test("run() counts as success, where there is a target, nothing but that", async (t) => {
  const three = linear(5, [6], 3, [-9, 9]);
  const batch = imagesFor(three, 5, 40);
  const judgeOfThree = judgeOf(three.classifier);
  const noise = says((at, _epsilon, k) => tf.add(at, k.normal(at.shape, 0, 3)), "l2");
  const target = tf.tensor1d(
    batch.labels.map((label) => (label + 1) % 3),
    "int32",
  );
  const [any, aimed] = [
    await judgeOfThree.run(noise, batch, { epsilon: 50, key, signal }),
    await judgeOfThree.run(noise, { ...batch, target }, { epsilon: 50, key, signal }),
  ];
  t.same(
    [...any.success],
    [...any.prediction].map((label, i) => (label === batch.labels[i] ? 0 : 1)),
  );
  t.same(
    [...aimed.success],
    [...aimed.prediction].map((label, i) => (label === (batch.labels[i]! + 1) % 3 ? 1 : 0)),
  );
  t.ok(sum(aimed.success) < sum(any.success));
  [any, aimed].forEach(free);
  judgeOfThree.dispose();
  three.classifier.dispose();
});

t.test("least() finds the least budget of each image, by bisection and by scan", async (t) => {
  const exact = rows.map((row) => planes.distance(row, "linf"));
  for (const [search, share] of [
    [{ by: "bisection", steps: 20, start: 0.02, most: 6 }, 1e-3],
    [{ by: "bisection", steps: 20, start: 3, most: 6 }, 1e-3],
    [{ by: "scan", steps: 400, start: 0, most: 2 }, 0],
  ] as const) {
    const trying = judge.least(best, { x, y }, { search, key, signal });
    let verdict: Verdict | undefined;
    let last = 0;
    for (;;) {
      const { done, value } = await trying.next();
      if (done) {
        verdict = value;
        break;
      }
      t.ok(value.done > last && value.done <= value.total, "progress goes on");
      last = value.done;
    }
    exact.forEach((d, i) => {
      const found = verdict.distance.linf[i]!;
      const most = search.by === "scan" ? Math.ceil(d / 0.005) * 0.005 + 1e-5 : d * (1 + share) + 1e-5;
      t.ok(verdict.success[i] === 1 && found >= d - 1e-5 && found <= most, `${found} for ${d}`);
    });
    t.ok(
      verdict.queries.every((q) => q >= 2),
      "queries add up",
    );
    free(verdict);
  }
});

t.test("least() says so where no budget is enough, and finds the others all the same", async (t) => {
  const some = says((at, epsilon) =>
    tf.add(
      at,
      tf.mul(
        tf.tensor2d(towards.map((row, i) => (i % 3 === 0 ? row.map(() => 0) : row))),
        tf.expandDims(epsilon, 1),
      ),
    ),
  );
  const trying = judge.least(
    some,
    { x, y },
    { search: { by: "bisection", steps: 12, start: 0.1, most: 6 }, key, signal },
  );
  let next = await trying.next();
  while (!next.done) next = await trying.next();
  t.same(
    [...next.value.success],
    rows.map((_, i) => (i % 3 === 0 ? 0 : 1)),
  );
  free(next.value);
});

t.test("the judge leaves no tensor behind", async (t) => {
  const before = tf.memory().numTensors;
  free(await judge.run(best, { x, y }, { epsilon: 0.1, key, signal }));
  const trying = judge.least(
    best,
    { x, y },
    { search: { by: "bisection", steps: 5, start: 0.1, most: 6 }, key, signal },
  );
  let next = await trying.next();
  while (!next.done) next = await trying.next();
  free(next.value);
  await judge.predict(x);
  t.equal(tf.memory().numTensors, before);
});

t.test("checkImages() names the first image at fault", (t) => {
  const { classifier } = linear(1, [2], 3, [0, 1]);
  const good = Float32Array.of(0, 1, 0.5, 0.5);
  const refused = (values: Float32Array, given: number[], message: RegExp): void =>
    void t.throws(() => checkImages(classifier, values, given), { name: "InputError", message });
  t.doesNotThrow(() => checkImages(classifier, good, [0, 2]));
  refused(
    Float32Array.of(0, 1, Number.NaN, 0),
    [0, 1],
    /image 1 has the value NaN: every pixel must be a finite number/,
  );
  refused(Float32Array.of(0, Infinity, 0, 0), [0, 1], /image 0 has the value Infinity/);
  refused(
    Float32Array.of(0, 1, 0, -0.5),
    [0, 1],
    /image 1 has the value -0.5, outside of the bounds \[0, ?1\]/,
  );
  refused(Float32Array.of(0, 255, 0, 0), [0, 1], /image 0 has the value 255, outside of the bounds/);
  refused(good, [0, 3], /image 1 has the label 3, but classifier "linear" has classes 0 to 2/);
  refused(good, [-1, 0], /image 0 has the label -1/);
  refused(good, [0.5, 0], /image 0 has the label 0.5/);
  refused(good, [0], /2 images of \[2\] were given with 1 labels/);
  refused(new Float32Array(0), [], /at least one/);
  classifier.dispose();
  t.end();
});

t.test("checkEpsilons() refuses what is negative, beyond the bounds or no number", (t) => {
  const { classifier } = linear(1, [4, 4, 1], 3, [-1, 1]);
  t.equal(widest("linf", classifier), 2);
  t.equal(widest("l2", classifier), 8);
  t.doesNotThrow(() => checkEpsilons("l2", [0, 7.9], classifier));
  for (const [norm, bad] of [
    ["linf", -0.1],
    ["linf", 2.1],
    ["linf", Number.NaN],
    ["l2", 8.1],
  ] as const) {
    t.throws(() => checkEpsilons(norm, [0.1, bad], classifier), {
      name: "InputError",
      message: new RegExp(`epsilon ${bad} \\(${norm}\\) must be at least 0 and at most`),
    });
  }
  classifier.dispose();
  t.end();
});

t.test("classifierOf() and checkClassifier() refuse outputs that are not (n, classes)", async (t) => {
  const place = { name: "mine", inputShape: [2, 2, 1], classes: 3, range: [0, 1] as const };
  const two = tf.zeros([2, 2, 2, 1]);
  const giving = (shape: (n: number) => number[], value = 0) =>
    classifierOf(place, PLAIN, [4], (x) => tf.fill(shape(x.shape[0]!), value));
  await t.resolves(
    checkClassifier(
      giving((n) => [n, 3]),
      two,
    ),
  );
  for (const shape of [
    (n: number) => [n, 4],
    (n: number) => [n],
    (n: number) => [n, 3, 1],
    (n: number) => [n + 1, 3],
  ]) {
    await t.rejects(checkClassifier(giving(shape), two), {
      name: "InputError",
      message: /classifier "mine": its output for 2 images is \[.*\], not \(n, classes\) = \[2, 3\]/,
    });
  }
  const wider = giving((n) => [n, 4]);
  await t.rejects(checkClassifier(wider, two), {
    message: /= \[2, 3\]: it tells 4 classes apart, and the data have 3\. .* set classes: 4;/,
  });
  await t.rejects(
    checkClassifier(
      giving((n) => [n, 3], Number.NaN),
      two,
    ),
    {
      message: /its output has NaN for each of the 2 images/,
    },
  );
  t.throws(() => classifierOf(place, PLAIN, [5], (x) => x), {
    message: /takes \[5\], but the data's images are \[2,2,1\]/,
  });
  t.throws(() => classifierOf(place, { ...PLAIN, bounds: [1, 1] }, [4], (x) => x), {
    message: /hold nothing/,
  });
  const { range: _, ...open } = place;
  t.throws(() => classifierOf(open, PLAIN, [4], (x) => x), { message: /the data has no range; give bounds/ });
  t.throws(
    () => classifierOf({ ...place, inputShape: [2, 1, 2] }, { ...PLAIN, mean: [1, 2, 3] }, [4], (x) => x),
    {
      message: /mean has 3 numbers, but images \[2,1,2\] have 2 channel/,
    },
  );
});

t.test("affordableBatch() counts what each image's gradient holds, not what all share", (t) => {
  const shared = tf.ones([1000, 3]);
  const floats = 2 ** 18;
  const spread = tf.ones([1, 4, floats / 4]);
  const wide = classifierOf({ name: "wide", inputShape: [4], classes: 3, range: [0, 1] }, PLAIN, [4], (x) => {
    const tiled = tf.reshape(tf.mul(tf.reshape(x, [-1, 4, 1]), spread), [-1, floats]); // 1 MiB an image
    const used = tf.matMul(tf.slice(tiled, [0, 0], [-1, 1000]), tf.mul(shared, 1) as tf.Tensor2D);
    return tf.add(used, tf.sum(tiled, 1, true));
  });
  const image = tf.ones([1, 4]);
  const before = tf.memory().numTensors;
  const most = affordableBatch(wide, image);
  t.ok(
    most >= 2 ** 29 / (4 * 4 * floats) && most <= 2 ** 29 / (4 * floats),
    `${most} of a MiB or a few each`,
  );
  t.equal(tf.memory().numTensors, before);
  const narrow = linear(1, [4], 3, [0, 1]).classifier;
  t.ok(affordableBatch(narrow, image) > 1e5, "a small model takes any batch");
  t.end();
});

t.test("classifierOf() normalises within the bounds' own units", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.boolean(), async (seed, channelsFirst) => {
      const inputShape = [2, 3, 2];
      const images = Key.from(seed).uniform([4, ...inputShape]) as tf.Tensor4D;
      const [mean, deviation] = [
        [0.25, 0.5],
        [2, 4],
      ];
      const classifier = classifierOf(
        { name: "seen", inputShape, classes: 12, range: [0, 1] },
        { mean, deviation, channelsFirst },
        [12],
        (seen) => seen,
      );
      const seen = classifier.logits(images).arraySync();
      images.arraySync().forEach((image, i) => {
        image.forEach((row, r) => {
          row.forEach((pixel, c) => {
            pixel.forEach((value, k) => {
              const place = channelsFirst ? k * 6 + r * 3 + c : r * 6 + c * 2 + k;
              const wanted = (value - mean[k]!) / deviation[k]!;
              if (Math.abs(seen[i]![place]! - wanted) > 1e-6)
                throw new Error(`${seen[i]![place]} for ${wanted}`);
            });
          });
        });
      });
    }),
    { numRuns: 10 },
  );
  t.pass("held for all");
});

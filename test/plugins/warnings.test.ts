/** Warnings fire where an evaluation flatters a classifier, and only there: each on a model made to mask. */
import t from "tap";
import { Key, tf } from "../../core/mod.ts";
import { evaluate, type Forward } from "../fixtures/evaluating.ts";

await tf.setBackend("cpu");
await tf.ready();

/** Images of 6 × 6 pixels in three classes: a bright third, the rest dim. */
const n = 36;
const labels = Array.from({ length: n }, (_, i) => i % 3);
const noise = Key.from("warnings").uniformArray(n * 36, 0, 0.3);
const data = {
  use: "arrays",
  values: labels.map((label, i) =>
    Array.from({ length: 6 }, (_, r) =>
      Array.from({ length: 6 }, (_, c) => [
        noise[i * 36 + r * 6 + c]! + (Math.floor(c / 2) === label ? 0.4 : 0),
      ]),
    ),
  ),
  labels,
  range: [0, 1],
};

/** What a model with noise draws from where nobody says. */
const USUAL = Key.from("usual");

/** How bright each third is, times a factor: as robust as can be, since the classes lie 0.4 apart. */
const bright =
  (factor: number): Forward =>
  (x) =>
    tf.mul(factor, tf.mean(tf.reshape(x, [-1, 6, 3, 2]), [1, 3]));

const warningsOf = async (forward: Forward, more: object = {}): Promise<readonly string[]> => {
  const { status, warnings, error } = await evaluate(
    {
      data,
      n,
      classifiers: { m: { use: "invented" } },
      attacks: [
        { use: "pgd", steps: 6, relativeStep: 0.3 },
        { use: "square", queries: 40 },
      ],
      epsilons: { linf: ["1/10", 0.35] },
      ...more,
    },
    forward,
  );
  t.equal(status, "passed", error ?? "");
  return warnings;
};

t.test("a robust model that masks nothing is not told of", async (t) => {
  t.same(await warningsOf(bright(8)), []);
});

t.test("logits times a hundred: a true class of probability 1 in float32", async (t) => {
  t.match(
    (await warningsOf(bright(800))).join("\n"),
    /^m: (float32 rounds the gradient of the cross-entropy|the gradient of the cross-entropy is zero).*log-odds, margin or dlr/m,
  );
});

t.test("probabilities for logits", async (t) => {
  const warnings = (await warningsOf((x) => tf.softmax(bright(60)(x) as tf.Tensor2D))).join("\n");
  t.match(warnings, /^m: its outputs are probabilities.*Attack the logits before its softmax/m);
  t.notMatch(warnings, /Believe black-box attacks/);
});

t.test("a saturated softmax, its logarithm taken", async (t) => {
  const shares: Forward = (x) => tf.log(tf.maximum(tf.softmax(bright(3000)(x) as tf.Tensor2D), 1e-30));
  const warnings = (await warningsOf(shares)).join("\n");
  t.match(
    warnings,
    /the gradient is zero on .* the softmax that the model ends in is saturated: neither .* Attack the logits/,
  );
  t.notMatch(warnings, /Believe black-box attacks/);
});

/** Far from the middle, beside how bright all is, which tells no class from another. */
const shared =
  (factor: number): Forward =>
  (x) => {
    const thirds = bright(1)(x);
    return tf.mul(factor, tf.sub(tf.add(thirds, tf.mul(2, tf.mean(thirds, 1, true))), 0.95));
  };

t.test("sigmoids for logits, and logits that lie between 0 and 1", async (t) => {
  const sigmoids = await warningsOf((x) => tf.sigmoid(shared(40)(x)));
  t.match(
    sigmoids.join("\n"),
    /^m: its outputs lie in \[0, 1\] and are no shares of 1, as sigmoids .*set output: sigmoids of onnx/m,
  );
  const within: Forward = (x) => tf.add(0.5, tf.mul(0.2, shared(1)(x)));
  t.notMatch((await warningsOf(within)).join("\n"), /sigmoid/, "a step along their log-odds fools no more");
  t.notMatch((await warningsOf(shared(8))).join("\n"), /sigmoid/, "outputs that leave [0, 1]");
});

t.test("outputs that are saturated, by a sigmoid or another function", async (t) => {
  const middle: Forward = (x) => tf.mul(2000, tf.sub(bright(1)(x), 0.35));
  const tanh = (await warningsOf((x) => tf.mul(10, tf.tanh(middle(x))))).join("\n");
  t.match(
    tanh,
    /gradient is zero on 100.0 % of the images, on 100.0 % because its outputs are saturated.*Attack what goes into/,
  );
  t.notMatch(tanh, /Believe black-box attacks/);
  const sigmoids = (await warningsOf((x) => tf.mul(0.9, tf.sigmoid(middle(x))))).join("\n");
  t.match(sigmoids, /because its outputs are saturated: they lie at the ends/);
  t.notMatch(sigmoids, /Believe black-box attacks/);
});

t.test("inputs rounded to a few levels", async (t) => {
  t.match(
    (await warningsOf((x) => bright(8)(tf.div(tf.round(tf.mul(x, 8)), 8)))).join("\n"),
    /^m: the gradient is zero on 100.0 % of the images: it is masked.* Believe black-box attacks/m,
  );
});

t.test("noise, drawn from the seed or not", async (t) => {
  const keyed = await warningsOf((x, key) =>
    tf.add(bright(8)(x), (key ?? USUAL).normal([x.shape[0]!, 3], 0, 0.3)),
  );
  t.match(
    keyed.join("\n"),
    /^m is random: two passes over the same images differ, by up to .* pgd-linf follows one draw.* drawn from the seed$/m,
  );
  const averaged = await warningsOf(
    (x, key) => tf.add(bright(8)(x), (key ?? USUAL).normal([x.shape[0]!, 3], 0, 0.3)),
    { attacks: [{ use: "pgd", steps: 6, relativeStep: 0.3, samples: 3 }] },
  );
  t.notMatch(averaged.join("\n"), /is random/, "who averages over draws isn't told");
  let passes = 0;
  const unkeyed: Forward = (x) => tf.add(bright(8)(x), tf.oneHot([passes++ % 3], 3));
  const loose = await warningsOf(unkeyed);
  t.match(
    loose.join("\n"),
    /^m is random: .* not drawn from the seed, so that another run gives other numbers$/m,
  );
  const both = await warningsOf(unkeyed, {
    attacks: [{ use: "auto-attack", version: "rand", steps: 2, samples: 2 }],
  });
  t.match(both.join("\n"), /^m is random: .* in a logit. Its noise is not drawn from the seed/m);
});

t.test("the same seed gives the same numbers for a model with noise", async (t) => {
  const noisy: Forward = (x, key) => tf.add(bright(8)(x), (key ?? USUAL).normal([x.shape[0]!, 3], 0, 1));
  const options = {
    ...{ data, n, classifiers: { m: { use: "invented" } }, probes: false },
    ...{ attacks: ["fgsm", { use: "pgd", steps: 3 }], epsilons: { linf: [0.1] } },
  };
  const [one, again] = [await evaluate(options, noisy), await evaluate(options, noisy)];
  t.same(one.metrics, again.metrics);
  const other = await evaluate(options, noisy, { seed: 2 });
  t.notSame(one.metrics, other.metrics);
});

t.test("accuracy at chance, and answers that are not finite", async (t) => {
  const turned = (await warningsOf((x) => tf.reverse(bright(8)(tf.transpose(x, [0, 2, 1, 3])), 1))).join(
    "\n",
  );
  t.match(turned, /^m has .* of 36 images right, little more than by chance \(33.3 %\)/m);
  const broken: Forward = (x) => tf.add(bright(8)(x), tf.sqrt(tf.sub(tf.mean(x, [1, 2]), 0.25)));
  t.match(
    (await warningsOf(broken)).join("\n"),
    /^m gives NaN or infinity for \d+ of 36 images: they count as wrong$/m,
  );
});

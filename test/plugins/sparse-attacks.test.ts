/** Attacks in ℓ0: how many pixels change, and the exact worst case of linear classifiers. */
import t from "tap";
import {
  type Classifier,
  checkEpsilons,
  classifierOf,
  InputError,
  judgeOf,
  Key,
  lengthIn,
  PLAIN,
  tf,
  widest,
} from "../../core/mod.ts";
import { sparsePgd } from "../../plugins/attacks/sparse-pgd/sparse-pgd.ts";
import { checkAttack } from "../conformance/attack.ts";
import { attacked } from "../fixtures/attacking.ts";
import { evaluate, type Forward } from "../fixtures/evaluating.ts";

await tf.setBackend("cpu");
await tf.ready();

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

for (const slope of ["unprojected", "projected"] as const) {
  t.test(`sparse-pgd, ${slope}, keeps the contract of attacks`, (t) =>
    checkAttack(t, sparsePgd({ steps: 20, slope })),
  );
}

t.test("in l0 a pixel counts once, whatever its channels, and rounding counts for nothing", async (t) => {
  const change = tf.tensor4d(
    [0, 0, 0, 0.5, 0, -1, 1e-9, 0, 0, 0, 1e-4, 0, /* */ 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    [2, 2, 2, 3],
  );
  const count = async (of: tf.Tensor): Promise<number[]> => {
    const lengths = lengthIn("l0", of, [0, 1]);
    const values = [...(await lengths.data())];
    lengths.dispose();
    return values;
  };
  t.same(await count(change), [2, 4]);
  t.same(await count(tf.reshape(change, [2, 12])), [3, 12], "without channels each value is a pixel");
  change.dispose();
});

t.test("budgets in l0 are whole numbers of pixels, as many as there are at most", (t) => {
  const classifier = {
    name: "m",
    inputShape: [4, 5, 3],
    classes: 2,
    bounds: [0, 1],
  } as unknown as Classifier;
  t.equal(widest("l0", classifier), 20);
  checkEpsilons("l0", [0, 3, 20], classifier);
  t.throws(() => checkEpsilons("l0", [21], classifier), InputError);
  t.throws(() => checkEpsilons("l0", [1.5], classifier), { message: /whole numbers/ });
  t.end();
});

const [n, side, channels] = [40, 5, 2];
const d = side * side * channels;
const w = [...Key.from("w").normalArray(d)];
/** Two classes; the second's logit is ahead by w·(x − ½). */
const linear = classifierOf(
  { name: "linear", inputShape: [side, side, channels], classes: 2, range: [0, 1] },
  PLAIN,
  [d],
  (x) => {
    const ahead = tf.matMul(tf.sub(x, 0.5) as tf.Tensor2D, tf.tensor2d(w, [d, 1]));
    return tf.concat([tf.neg(ahead), ahead], 1);
  },
);
const x = Key.from("images").uniform([n, side, side, channels], 0, 1);

/** The fewest pixels that turn an image: those with the most to gain first, each as far as its bounds. */
function fewestOf(row: readonly number[]): number {
  const ahead = sum(row.map((v, i) => (v - 0.5) * w[i]!));
  const gains = Array.from({ length: side * side }, (_, pixel) =>
    sum(
      Array.from({ length: channels }, (_, channel) => {
        const i = pixel * channels + channel;
        return Math.abs(w[i]!) * (w[i]! > 0 === ahead < 0 ? 1 - row[i]! : row[i]!);
      }),
    ),
  ).sort((a, b) => b - a);
  let [left, count] = [Math.abs(ahead), 0];
  for (; left > 0 && count < gains.length; count++) left -= gains[count]!;
  return left > 0 ? Number.POSITIVE_INFINITY : count;
}

t.test("sparse-pgd reaches the exact worst case of a linear classifier in l0, and no more", async (t) => {
  const judge = judgeOf(linear);
  const y = tf.tensor1d(await judge.predict(x), "int32");
  const rows = (await tf.reshape(x, [n, d]).array()) as number[][];
  const exact = rows.map(fewestOf);
  for (const epsilon of [1, 2, 3]) {
    const possible = exact.map((count) => (count <= epsilon ? 1 : 0));
    for (const slope of ["unprojected", "projected"] as const) {
      const {
        success,
        distance,
        x: found,
      } = await attacked(sparsePgd({ steps: 100, restarts: 2, slope }), linear, { x, y }, epsilon);
      t.ok(
        possible.every((good, i) => good >= success[i]!),
        "none that cannot be fooled",
      );
      t.ok(
        sum(success) >= sum(possible) - 2,
        `${slope}, ${epsilon} pixels: ${sum(success)} of ${sum(possible)} that can be`,
      );
      t.ok([...distance.l0].every((count) => count <= epsilon));
      found.dispose();
    }
  }
  judge.dispose();
  y.dispose();
});

t.test("an evaluation in l0 alone", async (t) => {
  const labels = Array.from({ length: 12 }, (_, i) => i % 2);
  const shades = Key.from("shades").uniformArray(12, 0, 0.3);
  // one pixel turns an image of the first half: the others' three pixels speak together
  const values = labels.map((label, i) => {
    const shade = label === 1 ? 0.6 + shades[i]! : 0.4 - shades[i]!;
    return [[[shade], [i < 6 ? 0.5 : shade], [i < 6 ? 0.5 : shade]]];
  });
  const forward: Forward = (x) => {
    const shade = tf.sub(tf.reshape(tf.sum(x, [1, 2, 3]), [-1, 1]), 1.5);
    return tf.concat([tf.neg(shade), shade], 1);
  };
  const { status, error, metrics, rows } = await evaluate(
    {
      ...{ data: { use: "arrays", values, labels, range: [0, 1] }, n: 12 },
      classifiers: { m: { use: "invented" } },
      attacks: [
        { use: "sparse-pgd", steps: 20 },
        { use: "sparse-pgd", steps: 20, slope: "projected" },
      ],
      epsilons: { l0: [1, 2] },
    },
    forward,
  );
  t.equal(status, "passed", error ?? "");
  const margins = values.map((image) => image.flat(2));
  const robust = (count: number): number =>
    margins.filter((pixels) => {
      const shade = sum(pixels) - 1.5;
      const gains = pixels.map((v) => (shade > 0 ? v : 1 - v)).sort((a, b) => b - a);
      return sum(gains.slice(0, count)) <= Math.abs(shade);
    }).length / 12;
  t.ok(robust(1) > robust(2));
  for (const count of [1, 2]) {
    t.ok(Math.abs(metrics[`m.sparse-pgd-l0@${count}`]! - robust(count)) < 1e-9, `${count}: ${robust(count)}`);
    t.ok(Math.abs(metrics[`m.worst-l0@${count}`]! - robust(count)) < 1e-9);
  }
  const [head, ...body] = await rows("artifacts/images.csv");
  const column = head!.indexOf("l0");
  t.ok(column > 0 && body.every((row) => Number(row[column]) <= 2));
});

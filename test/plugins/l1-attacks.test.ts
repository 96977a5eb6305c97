/** Attacks in ℓ1: projections onto budget, hyperplane and bounds, and the exact worst case of linear classifiers. */
import fc from "fast-check";
import t from "tap";
import { type Classifier, classifierOf, judgeOf, Key, PLAIN, prepare, tf } from "../../core/mod.ts";
import { apgd } from "../../plugins/attacks/apgd/apgd.ts";
import { autoAttack } from "../../plugins/attacks/auto-attack/auto-attack.ts";
import { fab } from "../../plugins/attacks/fab/fab.ts";
import { ballOf } from "../../plugins/attacks/parts/ball.ts";
import { toHyperplane } from "../../plugins/attacks/parts/hyperplane.ts";
import { square } from "../../plugins/attacks/square/square.ts";
import { checkAttack } from "../conformance/attack.ts";
import { attacked, batchFor, curved } from "../fixtures/attacking.ts";
import { evaluate, type Forward } from "../fixtures/evaluating.ts";

await tf.setBackend("cpu");
await tf.ready();

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

for (const attack of [
  apgd({ norm: "l1", steps: 6 }),
  fab({ norm: "l1", steps: 6 }),
  square({ norm: "l1", queries: 20 }),
  autoAttack({ norm: "l1", steps: 6, queries: 20, targets: 2 }),
]) {
  t.test(`${attack.name} keeps the contract of attacks`, (t) => checkAttack(t, attack));
}

/** The nearest change in the plain numbers of JavaScript: all pixels lose the same length, found by halving. */
function nearest(delta: readonly number[], x: readonly number[], epsilon: number): number[] {
  const at = (by: number): number[] =>
    delta.map((v, i) => Math.sign(v) * Math.min(Math.max(0, Math.abs(v) - by), v > 0 ? 1 - x[i]! : x[i]!));
  const length = (by: number): number => sum(at(by).map(Math.abs));
  if (length(0) <= epsilon) return at(0);
  let [low, high] = [0, Math.max(...delta.map(Math.abs))];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (length(middle) > epsilon) low = middle;
    else high = middle;
  }
  return at(high);
}

t.test("the projection is the nearest within budget and bounds, row by row", async (t) => {
  const [n, d] = [5, 12];
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.double({ min: 0, max: 4, noNaN: true }), async (seed, epsilon) => {
      const key = Key.from(seed);
      const x = tf.tidy(() => key.fold("x").uniform([n, d], 0, 1));
      const delta = key.fold("delta").normal([n, d]);
      const budget = tf.fill([n], epsilon) as tf.Tensor1D;
      const projected = tf.tidy(() => ballOf("l1").project(delta, budget, { around: x, bounds: [0, 1] }));
      const [xs, deltas, found] = (await Promise.all(
        [x, delta, projected].map((rows) => rows.array()),
      )) as number[][][];
      tf.dispose([x, delta, budget, projected]);
      found!.forEach((row, i) => {
        const exact = nearest(deltas![i]!, xs![i]!, epsilon);
        const off = Math.max(...row.map((v, j) => Math.abs(v - exact[j]!)));
        if (off > 1e-5) throw new Error(`${row} instead of ${exact}`);
        if (sum(row.map(Math.abs)) > epsilon + 1e-5) throw new Error(`beyond ${epsilon}`);
      });
    }),
    { numRuns: 15 },
  );
  // without bounds: soft thresholding
  const free = tf.tidy(() =>
    ballOf("l1").project(tf.tensor2d([[3, -1, 0.5]]), tf.tensor1d([2.5]), undefined),
  );
  const values = await free.data();
  free.dispose();
  [2.25, -0.25, 0].forEach((v, i) => void t.ok(Math.abs(v - values[i]!) < 1e-5, `${values}`));
});

t.test("the nearest point of a hyperplane moves the steepest pixels first, each to its bound", async () => {
  const d = 9;
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.integer({ min: -20, max: 20 }),
      async (seed, c, magnitude) => {
        const key = Key.from(seed);
        const p = [...key.fold("p").uniformArray(d, 0, 1)];
        // two equally steep, of whatever magnitude
        const w = [...key.fold("w").normalArray(d)].map(
          (v, i, all) => (i === 1 ? all[0]! : v) * 2 ** magnitude,
        );
        const wanted = c * 2 ** magnitude;
        const found = tf.tidy(() =>
          toHyperplane("l1", tf.tensor2d([p]), tf.tensor2d([w]), tf.tensor1d([wanted]), [0, 1]),
        );
        const delta = [...(await found.data())];
        found.dispose();
        const order = w.map((_, i) => i).sort((a, b) => Math.abs(w[b]!) - Math.abs(w[a]!));
        let [left, length] = [Math.abs(wanted), 0];
        for (const i of order) {
          const room = w[i]! > 0 === wanted > 0 ? 1 - p[i]! : p[i]!;
          const by = Math.min(room, left / Math.abs(w[i]!));
          left = Math.max(0, left - by * Math.abs(w[i]!));
          length += by;
        }
        const reached = sum(delta.map((v, i) => v * w[i]!));
        const [off, far] = [Math.abs(wanted) - left - Math.abs(reached), sum(delta.map(Math.abs)) - length];
        if (Math.abs(off) > 1e-5 * 2 ** magnitude)
          throw new Error(`reaches ${reached} of ${wanted}, ${left} left`);
        if (Math.abs(far) > 1e-4) throw new Error(`is ${far} too long`);
        if (delta.some((v, i) => p[i]! + v < -1e-6 || p[i]! + v > 1 + 1e-6))
          throw new Error("beyond the bounds");
      },
    ),
    { numRuns: 60 },
  );
});

t.test("points drawn in the ball and on its surface", async (t) => {
  for (const draw of ["inside", "surface"] as const) {
    const drawn = tf.tidy(() => ballOf("l1").length(ballOf("l1")[draw]([2000, 3, 2], Key.from(draw))));
    const lengths = [...(await drawn.data())];
    drawn.dispose();
    t.ok(Math.max(...lengths) <= 1 + 1e-5);
    // of d = 6: the mean of r is d/(d + 1)
    const mean = sum(lengths) / 2000;
    t.ok(draw === "surface" ? Math.min(...lengths) > 1 - 1e-5 : Math.abs(mean - 6 / 7) < 0.03, `${mean}`);
  }
});

const [n, d] = [40, 25];
const w = [...Key.from("w").normalArray(d)];
/** Two classes; the second's logit is ahead by w·(x − ½). */
const linear: Classifier = classifierOf(
  { name: "linear", inputShape: [5, 5, 1], classes: 2, range: [0, 1] },
  PLAIN,
  [d],
  (x) => {
    const ahead = tf.matMul(tf.sub(x, 0.5) as tf.Tensor2D, tf.tensor2d(w, [d, 1]));
    return tf.concat([tf.neg(ahead), ahead], 1);
  },
);
const x = Key.from("images").uniform([n, 5, 5, 1], 0, 1);

/** The least ℓ1 change that turns an image: the steepest pixels first, each as far as its bound. */
function leastOf(row: readonly number[]): number {
  const ahead = sum(row.map((v, i) => (v - 0.5) * w[i]!));
  const order = w.map((_, i) => i).sort((a, b) => Math.abs(w[b]!) - Math.abs(w[a]!));
  let [left, length] = [Math.abs(ahead), 0];
  for (const i of order) {
    const up = w[i]! > 0 === ahead < 0;
    const room = Math.min(up ? 1 - row[i]! : row[i]!, left / Math.abs(w[i]!));
    left -= room * Math.abs(w[i]!);
    length += room;
  }
  return left > 1e-9 ? Number.POSITIVE_INFINITY : length;
}

t.test("apgd reaches the exact worst case of a linear classifier in l1, and no more", async (t) => {
  const judge = judgeOf(linear);
  const y = tf.tensor1d(await judge.predict(x), "int32");
  const rows = (await tf.reshape(x, [n, d]).array()) as number[][];
  const exact = rows.map(leastOf);
  const epsilon = exact.toSorted((a, b) => a - b)[20]!;
  for (const times of [0.98, 1.02]) {
    const verdict = await attacked(apgd({ norm: "l1", steps: 60 }), linear, { x, y }, times * epsilon);
    const wanted = exact.map((length) => (length <= times * epsilon ? 1 : 0));
    const differ = wanted.filter((good, i) => good !== verdict.success[i]);
    t.ok(
      wanted.every((good, i) => good >= verdict.success[i]!),
      "none that cannot be fooled",
    );
    t.ok(differ.length <= 1, `${differ.length} of ${n} differ from the exact worst case`); // one lies within 2 %
    t.ok([...verdict.distance.l1].every((length) => length <= times * epsilon + 1e-5));
    verdict.x.dispose();
  }
  const few = prepare(apgd({ norm: "l1", steps: 1 }), linear);
  const budget = tf.fill([n], epsilon) as tf.Tensor1D;
  const { x: found, queries } = await few.perturb(
    { x, y },
    { epsilon: budget, key: Key.from(1), signal: new AbortController().signal },
  );
  t.ok(
    queries.every((asked) => asked >= 1 && asked <= 2),
    "a single step is one of the last phase",
  );
  few.dispose();
  judge.dispose();
  tf.dispose([y, found, budget]);
});

t.test("fab finds the nearest in l1; auto-attack what is possible", async (t) => {
  const judge = judgeOf(linear);
  const y = tf.tensor1d(await judge.predict(x), "int32");
  const rows = (await tf.reshape(x, [n, d]).array()) as number[][];
  const exact = rows.map(leastOf);
  const nearest = await attacked(fab({ norm: "l1", steps: 30 }), linear, { x, y }, 0);
  exact.forEach((length, i) => {
    const found = nearest.success[i] ? nearest.distance.l1[i]! : Number.POSITIVE_INFINITY;
    t.ok(found >= length - 1e-4 && found <= 1.06 * length + 1e-4, `image ${i}: ${found}, ${length} at least`);
  });
  const epsilon = 1.1 * exact.toSorted((a, b) => a - b)[20]!;
  const possible = exact.map((length) => (length <= epsilon ? 1 : 0));
  const all = sum(possible);
  const members = await attacked(
    autoAttack({ norm: "l1", steps: 60, queries: 10 }),
    linear,
    { x, y },
    epsilon,
  );
  t.ok(possible.every((good, i) => good >= members.success[i]!));
  t.ok(sum(members.success) >= all - 1, `${sum(members.success)} of ${all}`);
  judge.dispose();
  tf.dispose([y, nearest.x, members.x]);
});

t.test("square in l1 finds more with more queries, within the budget", async (t) => {
  const classifier = curved(3);
  const batch = await batchFor(classifier, 5, 60);
  const fooled = async (queries: number): Promise<number> => {
    const {
      success,
      distance,
      x: found,
    } = await attacked(square({ norm: "l1", queries }), classifier, batch, 3);
    t.ok([...distance.l1].every((length) => length <= 3));
    found.dispose();
    return sum(success);
  };
  const [first, many] = [await fooled(2), await fooled(200)];
  t.ok(many > first, `${first} at once, ${many} in the end`);
  tf.dispose([batch.x, batch.y]);
  classifier.dispose();
});

t.test("an evaluation in l1 alone", async (t) => {
  const labels = Array.from({ length: 12 }, (_, i) => i % 2);
  const shades = Key.from("shades").uniformArray(12, 0, 0.3);
  const values = labels.map((label, i) => [[[label === 1 ? 0.6 + shades[i]! : 0.4 - shades[i]!], [0.5]]]);
  const forward: Forward = (x) => {
    const shade = tf.reshape(tf.slice(x, [0, 0, 0, 0], [-1, 1, 1, 1]), [-1, 1]);
    return tf.concat([tf.sub(0.5, shade), tf.sub(shade, 0.5)], 1);
  };
  const { status, error, metrics, rows } = await evaluate(
    {
      ...{ data: { use: "arrays", values, labels, range: [0, 1] }, n: 12 },
      classifiers: { m: { use: "invented" } },
      attacks: [{ use: "apgd", norm: "l1", steps: 10 }],
      epsilons: { l1: [0.25] },
    },
    forward,
  );
  t.equal(status, "passed", error ?? "");
  const robust = shades.filter((shade) => 0.1 + shade > 0.25).length / 12;
  t.ok(
    Math.abs(metrics["m.apgd-ce-l1@0.25"]! - robust) < 1e-9,
    `${metrics["m.apgd-ce-l1@0.25"]}, not ${robust}`,
  );
  const [head, ...body] = await rows("artifacts/images.csv");
  const column = head!.indexOf("l1");
  t.ok(body.every((row) => Number(row[column]) <= 0.25 + 1e-5));
});

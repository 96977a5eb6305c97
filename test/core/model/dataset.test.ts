import t from "tap";
import {
  fromArrays,
  InputError,
  isFiniteDataset,
  Key,
  labelledSplits,
  subset,
  tf,
} from "../../../core/mod.ts";
import { checkDataset } from "../../conformance/dataset.ts";

await tf.setBackend("cpu");
await tf.ready();

/** Row i of the shape [2] is (2i, 2i + 1), of class i modulo 3. */
function counting(size: number): Parameters<typeof fromArrays>[0] {
  return {
    name: "counting",
    values: Float32Array.from({ length: 2 * size }, (_, i) => i),
    shape: [2],
    labels: Uint8Array.from({ length: size }, (_, i) => i % 3),
  };
}

t.test("fromArrays() meets the contract of datasets", async (t) => {
  await checkDataset(t, fromArrays(counting(10)));
  const { labels: _, ...unlabelled } = counting(10);
  await checkDataset(t, fromArrays(unlabelled));
  await checkDataset(t, fromArrays({ name: "one", values: Uint8Array.of(3, 4), shape: [2] }));
});

t.test("fromArrays() gives out values scaled and shifted", async (t) => {
  const bytes = { name: "bytes", values: Uint8Array.of(0, 51, 255), shape: [1, 1, 1] };
  const symmetric = fromArrays({ ...bytes, scale: 2 / 255, shift: -1, range: [-1, 1] });
  t.same(symmetric.range, [-1, 1]);
  t.same(symmetric.rows([2, 0, 1]).dataSync(), Float32Array.of(1, -1, -0.6));
  t.same(fromArrays(bytes).rows([1]).dataSync(), Float32Array.of(51), "as they are unless told");
});

t.test("fromArrays() draws rows evenly and with replacement", async (t) => {
  const size = 20;
  const n = 20_000;
  const drawn = fromArrays(counting(size)).sample(Key.from(1), n).arraySync() as number[][];
  const counts = new Array<number>(size).fill(0);
  for (const [x, y] of drawn) {
    if (y !== x! + 1) t.fail(`(${x}, ${y}) is no row`);
    counts[x! / 2]!++;
  }
  // Pearson's statistic has mean 19 and variance 38 under even draws: 5 standard deviations above is 50.
  const chi2 = counts.reduce((sum, c) => sum + (c - n / size) ** 2 / (n / size), 0);
  t.ok(chi2 < 50, `chi² of ${chi2.toFixed(1)} with 19 degrees of freedom`);
});

t.test("only() keeps the rows of the classes, wherever they stand, and the number of classes", async (t) => {
  const some = fromArrays(counting(7)).only([2, 0]);
  t.equal(some.size, 5);
  t.same([...some.labels!], [0, 2, 0, 2, 0]);
  t.same(some.rows([1, 2]).arraySync(), [
    [4, 5],
    [6, 7],
  ]);
  t.equal(some.classes, 3);
  t.same([...some.only([0]).labels!], [0, 0, 0], "of what was kept");
  t.throws(() => some.only([1]), /no rows labelled 1; its labels are 0, 2/);
});

t.test("only() keeps the same classes of the held-out rows", async (t) => {
  const train = fromArrays({ ...counting(9), heldOut: async () => fromArrays(counting(6)) });
  const heldOut = await train.only([1, 2]).only([1]).heldOut!();
  t.same([...heldOut.labels!], [1, 1]);
  t.equal(fromArrays(counting(9)).heldOut, undefined);
});

t.test(
  "subset() has the chosen rows in their order, with their labels, and the held-out rows of the whole",
  async (t) => {
    const all = fromArrays({ ...counting(9), heldOut: async () => fromArrays(counting(6)) });
    const some = subset(all, Int32Array.of(7, 2, 4));
    t.equal(some.size, 3);
    t.same(
      [...some.labels!],
      [7, 2, 4].map((row) => all.labels![row]),
    );
    t.same(some.rows([0, 2]).dataSync(), all.rows([7, 4]).dataSync());
    const own = new Set([...all.rows([7, 2, 4]).dataSync()]);
    const drawn = some.sample(Key.from("subset"), 50);
    t.same(new Set([...drawn.dataSync()]), own, "all of its rows are drawn, and no others");
    t.equal(some.only([some.labels![1]!]).rows([0]).dataSync()[0], all.rows([2]).dataSync()[0]);
    t.throws(() => some.only([99]), /no rows labelled 99/);
    t.equal((await some.heldOut!()).size, 6);
    for (const index of [3, -1]) t.throws(() => some.rows([index]), RangeError, `index ${index}`);
  },
);

t.test("fromArrays() refuses what does not agree, with the numbers", async (t) => {
  const base = counting(4);
  const refused = (change: object, message: RegExp): void => {
    const error = t.throws(() => fromArrays({ ...base, ...change }), InputError) as Error;
    t.match(error.message, message);
  };
  refused({ values: new Float32Array(7) }, /"counting": 7 values cannot be cut into rows of shape \[2\]/);
  refused({ values: new Float32Array(0) }, /0 values cannot be cut/);
  refused({ labels: new Uint8Array(3) }, /4 rows, but 3 labels/);
  t.throws(() => fromArrays(base).only([]), /set of labels is empty/);
  t.throws(() => fromArrays(base).only([1, 5, 6]), /no rows labelled 5, 6; its labels are 0, 1, 2/);
});

t.test("rows() refuses an index that is none", async (t) => {
  const dataset = fromArrays(counting(4));
  for (const index of [4, -1, 0.5]) t.throws(() => dataset.rows([0, index]), RangeError, `index ${index}`);
});

t.test("isFiniteDataset() tells rows from formulas", async (t) => {
  const { sample, name, shape } = fromArrays(counting(4));
  t.equal(isFiniteDataset(fromArrays(counting(4))), true);
  t.equal(isFiniteDataset({ name, shape, sample }), false);
});

t.test("labelledSplits() gives training and test rows, and refuses data that lack either", async (t) => {
  const test = fromArrays({ ...counting(5), name: "held out" });
  const data = fromArrays({ ...counting(10), heldOut: async () => test });
  t.same(await labelledSplits(data), { data, test });
  const { labels: _, ...bare } = counting(10);
  const formula = { name: "formula", shape: [1], sample: (key: Key, n: number) => key.normal([n, 1]) };
  const few = fromArrays({ ...counting(5), classes: 4 });
  for (const [given, message] of [
    [formula, /"formula" has no labelled test split/],
    [fromArrays(counting(10)), /"counting" has no labelled test split/],
    [fromArrays({ ...bare, heldOut: async () => test }), /"counting" has no labelled test split/],
    [fromArrays({ ...counting(10), heldOut: async () => few }), /3 classes to train with, but 4 held out/],
  ] as const) {
    await t.rejects(labelledSplits(given), { name: "InputError", message });
  }
});

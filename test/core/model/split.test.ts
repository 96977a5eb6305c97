/** Splits of labelled rows, and streams of batches. */
import t from "tap";
import { type FiniteDataset, fromArrays, Key, splitRows, streamOf, tf } from "../../../core/mod.ts";

await tf.setBackend("cpu");

const key = Key.from("split");

/** 60 rows of three classes, each holding its index. */
const numbered: FiniteDataset = fromArrays({
  name: "numbered",
  values: Float32Array.from({ length: 60 }, (_, i) => i),
  shape: [1],
  labels: Uint8Array.from({ length: 60 }, (_, i) => i % 3),
});

t.test("splitRows() draws labels evenly, by key, and keeps its parts apart", async (t) => {
  const options = { labeled: 12, validation: 9, unlabeled: "rest" } as const;
  const { labeled, validation, unlabeled } = splitRows(numbered, options, key);
  for (const label of [0, 1, 2]) {
    t.equal(labeled.filter((row) => row % 3 === label).length, 4, `class ${label}`);
  }
  const all = [...labeled, ...validation, ...unlabeled].sort((a, b) => a - b);
  t.same(
    all,
    Array.from({ length: 60 }, (_, i) => i),
    "each row is in one part",
  );
  t.same([labeled.length, validation.length, unlabeled.length], [12, 9, 39]);
  t.same(
    splitRows(numbered, options, key),
    { labeled, validation, unlabeled },
    "the same key, the same rows",
  );
  t.notSame(splitRows(numbered, options, key.fold(1)).labeled, labeled);
  const every = splitRows(numbered, { ...options, unlabeled: "all" }, key);
  t.same(
    [...every.unlabeled].sort(),
    [...labeled, ...unlabeled].sort(),
    "all: the labelled too, the validation not",
  );
});

t.test("splitRows() says what does not suffice", async (t) => {
  const split = (labeled: number, validation: number) => () =>
    splitRows(numbered, { labeled, validation, unlabeled: "rest" }, key);
  t.throws(split(10, 0), { message: /labeled is 10, which 3 classes cannot share evenly.*multiple of 3/ });
  t.throws(split(63, 0), { message: /has 20 rows of class 0, but 21 of each class/ });
  t.throws(split(12, 48), { message: /validation is 48, but only 48 rows are left/ });
});

t.test("streamOf() gives each row once in a pass, in whatever order it is asked", async (t) => {
  const stream = streamOf(Int32Array.of(3, 5, 7, 9, 11), 2, key);
  const batches = Array.from({ length: 10 }, (_, i) => [...stream(i)]);
  const passes = [0, 1, 2, 3].map((pass) => batches.flat().slice(5 * pass, 5 * pass + 5));
  for (const pass of passes)
    t.same(
      pass.toSorted((a, b) => a - b),
      [3, 5, 7, 9, 11],
    );
  t.ok(new Set(passes.map(String)).size > 1, "in another order each time");
  const again = streamOf(Int32Array.of(3, 5, 7, 9, 11), 2, key);
  t.same(
    [7, 2, 0].map((i) => [...again(i)]),
    [7, 2, 0].map((i) => batches[i]),
  );
});

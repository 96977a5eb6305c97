/**
 * What every dataset must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import { type Dataset, type FiniteDataset, isFiniteDataset, Key, sizeOf, tf } from "../../core/mod.ts";
import { alike, checkSampler } from "./sampler.ts";
import type { Tester } from "./tester.ts";

/** Holds a dataset against its contract. */
export async function checkDataset(t: Tester, dataset: Dataset): Promise<void> {
  t.ok(dataset.name, "has a name");
  const finite = isFiniteDataset(dataset);
  await checkSampler(t, "sample", dataset.sample, dataset, finite && dataset.size === 1);
  if (dataset.geometry !== undefined) await checkGeometry(t, dataset);
  if (finite) await checkRows(t, dataset);
}

async function checkGeometry(t: Tester, { geometry, sample, shape }: Dataset): Promise<void> {
  const n = 50;
  const rows = sample(Key.from("geometry"), n);
  const points = Float32Array.from(await rows.data());
  rows.dispose();
  const before = points.slice();
  const { offset, position } = geometry!.locate(points);
  t.same(points, before, "geometry: leaves the points as they are");
  t.equal(points.length, n * sizeOf(shape));
  t.same([offset.length, position.length], [n, n], "geometry: one offset and one position for each point");
  t.ok(offset.every(Number.isFinite), "geometry: offsets are finite");
  t.ok(
    position.every((p) => p >= 0 && p < 1),
    "geometry: positions lie in [0, 1)",
  );
}

async function checkRows(t: Tester, dataset: FiniteDataset): Promise<void> {
  const { size, shape, labels, classes } = dataset;
  t.ok(Number.isInteger(size) && size > 0, `rows: a positive number of them, got ${size}`);
  const tensors = tf.memory().numTensors;
  const rows = dataset.rows([size - 1, 0, size - 1]);
  t.same(rows.shape, [3, ...shape], "rows: of the given indices");
  const [last, , again] = await read(rows);
  t.ok(alike(last!, again!), "rows: the same index, the same row");
  t.equal(tf.memory().numTensors, tensors, "rows: leave no tensor behind");
  t.throws(() => dataset.rows([size]), { name: "RangeError" }, "rows: refuse an index beyond the last");

  if (labels === undefined) {
    t.throws(() => dataset.only([0]), { name: "InputError" }, "only: refuses where there are no labels");
    return;
  }
  t.equal(labels.length, size, "labels: one for each row");
  t.ok(
    labels.every((label) => label < classes!),
    "labels: all below the number of classes",
  );
  const present = [...new Set(labels)];
  let rest = size;
  for (const label of present) {
    const part = dataset.only([label]);
    t.ok(part.labels!.every((l) => l === label) && part.size > 0, `only: rows of class ${label} alone`);
    t.equal(part.classes, classes, "only: keeps the number of classes");
    const [[kept], [original]] = [
      await read(part.rows([0])),
      await read(dataset.rows([labels.indexOf(label)])),
    ];
    t.ok(alike(kept!, original!), `only: the first row of class ${label} is the data's first such`);
    rest -= part.size;
  }
  t.equal(rest, 0, "only: the classes together are all rows");
  t.throws(() => dataset.only([]), { name: "InputError" }, "only: refuses an empty set");
  t.throws(() => dataset.only([classes!]), { name: "InputError" }, "only: refuses an absent class");
}

/** Reads and disposes rows, each as a list of its values. */
async function read(rows: tf.Tensor): Promise<number[][]> {
  const values = await rows.data();
  const width = values.length / rows.shape[0]!;
  const out = Array.from({ length: rows.shape[0]! }, (_, i) => [...values.slice(i * width, (i + 1) * width)]);
  rows.dispose();
  return out;
}

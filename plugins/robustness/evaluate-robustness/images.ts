/**
 * The images of an evaluation, and batches of them.
 *
 * @module
 */
import { type AttackBatch, type FiniteDataset, type Key, sizeOf, tf } from "../../../core/mod.ts";

/** Images to be attacked. */
export interface Images {
  /** `[n, ...shape]` row by row */
  readonly values: Float32Array;
  readonly shape: readonly number[];
  /** Their rows in the data. */
  readonly rows: readonly number[];
  readonly labels: readonly number[];
}

/** Draws n images without replacement, in the order of the data; all of them where it has no more. */
export async function drawImages(data: FiniteDataset, n: number, key: Key): Promise<Images> {
  const rows = key.permutation(data.size).slice(0, n).sort();
  const x = data.rows(rows);
  const values = Float32Array.from(await x.data());
  x.dispose();
  return {
    values,
    shape: data.shape,
    rows: [...rows],
    labels: Array.from(rows, (row) => data.labels![row]!),
  };
}

/** Rows of one batch: so many from `start` on, then the first of them again until the batch is full. */
export interface BatchRows {
  readonly start: number;
  readonly count: number;
  readonly indices: readonly number[];
}

/** All rows in batches of one size, so that each attack is compiled for that size alone. */
export function* batchesOf(n: number, size: number): Generator<BatchRows> {
  const whole = Math.min(n, size);
  for (let start = 0; start < n; start += size) {
    const count = Math.min(size, n - start);
    yield { start, count, indices: Array.from({ length: whole }, (_, i) => start + (i < count ? i : 0)) };
  }
}

/**
 * The images of a batch, `[m, ...shape]`.
 * @param chosen images that the rows are of; all of them unless given
 */
export function imagesAt(
  { values, shape }: Images,
  { indices }: BatchRows,
  chosen?: readonly number[],
): tf.Tensor {
  const size = sizeOf(shape);
  const x = new Float32Array(indices.length * size);
  indices.forEach((row, i) => {
    const image = chosen === undefined ? row : chosen[row]!;
    x.set(values.subarray(image * size, (image + 1) * size), i * size);
  });
  return tf.tensor(x, [indices.length, ...shape]);
}

/** Looks at the first images, as many as that. */
export async function firstOf<T>(
  images: Images,
  most: number,
  look: (x: tf.Tensor) => Promise<T>,
): Promise<T> {
  const [rows] = batchesOf(Math.min(most, images.labels.length), most);
  const x = imagesAt(images, rows!);
  try {
    return await look(x);
  } finally {
    x.dispose();
  }
}

/** Images, labels and targets of a batch of those attacked. The caller disposes them. */
export function attackBatch(
  images: Images,
  rows: BatchRows,
  attacked: readonly number[],
  target: readonly number[] | null,
): AttackBatch {
  const classes = (labels: readonly number[]): tf.Tensor1D =>
    tf.tensor1d(
      rows.indices.map((row) => labels[attacked[row]!]!),
      "int32",
    );
  return {
    x: imagesAt(images, rows, attacked),
    y: classes(images.labels),
    ...(target !== null && { target: classes(target) }),
  };
}

/** Frees a batch. */
export function disposeBatch({ x, y, target }: AttackBatch): void {
  tf.dispose([x, y]);
  target?.dispose();
}

/**
 * What stage 2 has made: sheets of data, noisy data and generated rows, how far each lies from the data, and how sure the
 * baseline is of them.
 *
 * @module
 */
import {
  conditionalEntropy,
  type FiniteDataset,
  type Key,
  type Network,
  type Painter,
  pictureOf,
  type Sampler,
  sizeOf,
  tf,
} from "../../../core/mod.ts";

/** Rows of each kind. */
const ROWS = 200;
/** Rows of the data among which the nearest is sought, at most; and at a time. */
const AMONG = 10_000;
const BLOCK = 1000;
/** Images in a row of a sheet; rows of data, of the same with noise, and of generated ones. */
const COLUMNS = 16;
const SHEET = [1, 1, 2] as const;

/** Numbers about rows of one kind. */
export type SampleStatistics = {
  /** Median distance (ℓ2) from the nearest row of the data. */
  readonly nearest: number;
  /** Mean entropy of the baseline on them, from 0 to log K. */
  readonly entropy: number;
};

/** Samples rows of a kind. @param data that the baseline was trained on */
export async function statisticsOf(
  rows: Sampler,
  data: FiniteDataset,
  baseline: Network,
  key: Key,
): Promise<SampleStatistics> {
  const x = tf.tidy(() => rows(key.fold("looked at"), ROWS));
  const unsure = tf.tidy(() => conditionalEntropy(baseline.apply(x, { training: false })));
  const among = key.fold("among").permutation(data.size).slice(0, AMONG);
  const flat = x.reshape([ROWS, sizeOf(data.shape)]);
  let nearest = new Float32Array(ROWS).fill(Number.POSITIVE_INFINITY);
  for (let from = 0; from < among.length; from += BLOCK) {
    const distance = tf.tidy(() => {
      const others = tf.reshape(data.rows(among.subarray(from, from + BLOCK)), [-1, sizeOf(data.shape)]);
      const squares = tf.add(
        tf.sum(tf.square(flat), 1, true),
        tf.reshape(tf.sum(tf.square(others), 1), [1, -1]),
      );
      const products = tf.matMul(flat as tf.Tensor2D, others as tf.Tensor2D, false, true);
      return tf.sqrt(tf.relu(tf.min(tf.sub(squares, tf.mul(2, products)), 1))); // [n]
    });
    const found = await distance.data();
    distance.dispose();
    nearest = nearest.map((value, i) => Math.min(value, found[i]!));
  }
  const entropy = (await unsure.data())[0]!;
  tf.dispose([x, flat, unsure]);
  return { nearest: nearest.toSorted()[ROWS / 2]!, entropy };
}

/** Data in the first row, the same rows with noise in the second, generated ones below; undefined for no images. */
export async function sheet(
  painter: Painter,
  data: FiniteDataset,
  noise: (x: tf.Tensor, key: Key) => tf.Tensor,
  generated: Sampler,
  key: Key,
): Promise<Uint8Array | undefined> {
  if (pictureOf(data.shape) !== "sheet") return undefined;
  const [height, width, channels = 1] = data.shape as [number, number, number?];
  const all = tf.tidy(() => {
    const rows = data.sample(key.fold("data"), SHEET[0] * COLUMNS);
    return tf.concat([rows, noise(rows, key.fold("noise")), generated(key.fold("z"), SHEET[2] * COLUMNS)]);
  });
  const values = (await all.data()) as Float32Array;
  all.dispose();
  return await painter.sheet(values, [height, width, channels], data.range ?? [0, 1], COLUMNS);
}

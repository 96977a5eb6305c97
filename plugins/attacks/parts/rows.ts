/**
 * Batches row by row.
 *
 * @module
 */
import { type TensorsOf, tf } from "../../../core/mod.ts";

/** One number a row `[n]` as `[n, 1, …]`, to go with `x` `[n, ...]`. */
export function spread(numbers: tf.Tensor, x: tf.Tensor): tf.Tensor {
  return tf.reshape(numbers, [x.shape[0]!, ...x.shape.slice(1).map(() => 1)]);
}

/** `[n, ...]` as `[n, d]` */
export function flat(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [x.shape[0]!, -1]) as tf.Tensor2D;
}

/** Each row of `a` where its condition (bool or 0 and 1, `[n]`) holds, else that of `b`. */
export function choose<X extends tf.Tensor>(condition: tf.Tensor, a: X, b: X): X {
  const rows = a.rank === 1 ? condition : spread(condition, a);
  return tf.where(tf.cast(rows, "bool"), a, b) as X;
}

/** Rows of every tensor, in the given order; those left out are dropped, and so is what is undefined. */
export function rowsOf<T extends TensorsOf<T>>(tensors: T, rows: ArrayLike<number>): T {
  return tf.tidy(() => {
    const indices = tf.tensor1d(Int32Array.from(rows), "int32");
    const all = Object.entries<tf.Tensor | undefined>(tensors);
    return Object.fromEntries(
      all.flatMap(([name, x]) => (x === undefined ? [] : [[name, tf.gather(x, indices)]])),
    ) as unknown as T;
  });
}

/**
 * A map of points of many dimensions: the plane in which they vary most (principal components).
 *
 * @module
 */
import { type Key, tf } from "../../../core/mod.ts";

/** Rounds of power iteration: ample for a picture. */
const ROUNDS = 50;

/** A plane in a space of many dimensions. */
export interface Plane {
  /** `[m, width]` to coordinates `[m, 2]`, the mean of the reference at 0. */
  project(x: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

/**
 * The plane spanned by the two directions in which the rows of `reference` vary most.
 * @param reference `[n, width]`
 * @param key of the vectors that power iteration starts from
 */
export function principalPlane(reference: tf.Tensor2D, key: Key): Plane {
  const [mean, plane] = tf.tidy(() => {
    const [n, width] = reference.shape;
    const mean = tf.mean(reference, 0, true); // [1, width]
    const centred = tf.sub(reference, mean) as tf.Tensor2D;
    const covariance = tf.div(tf.matMul(centred, centred, true), n) as tf.Tensor2D; // [width, width]
    let plane = orthonormal(key.normal([width, 2]) as tf.Tensor2D);
    for (let i = 0; i < ROUNDS; i++) plane = orthonormal(tf.matMul(covariance, plane));
    return [mean, plane];
  }) as [tf.Tensor, tf.Tensor2D];
  return {
    project: (x) => tf.tidy(() => tf.matMul(tf.sub(x, mean) as tf.Tensor2D, plane)),
    dispose: () => tf.dispose([mean, plane]),
  };
}

/** Two columns of `[width, 2]`, made of length 1 and perpendicular (Gram–Schmidt). */
function orthonormal(columns: tf.Tensor2D): tf.Tensor2D {
  const [a, b] = tf.split(columns, 2, 1) as [tf.Tensor2D, tf.Tensor2D]; // [width, 1]
  const unit = (v: tf.Tensor): tf.Tensor => tf.div(v, tf.sqrt(tf.add(tf.sum(tf.square(v)), 1e-20)));
  const first = unit(a);
  const second = unit(tf.sub(b, tf.mul(first, tf.sum(tf.mul(first, b)))));
  return tf.concat([first, second], 1) as tf.Tensor2D;
}

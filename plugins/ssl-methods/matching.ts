/**
 * How near two batches of features are, and how far apart the rows of one.
 *
 * @module
 */
import { tf } from "../../core/mod.ts";

/** How the difference of two mean features is measured. */
export type Distance = "squared" | "absolute";

/** The mean, over features, of the squared or absolute difference of the mean rows of `[n, width]` and `[m, width]`. */
export function featureDistance(generated: tf.Tensor, real: tf.Tensor, distance: Distance): tf.Scalar {
  const difference = tf.sub(tf.mean(generated, 0), tf.mean(real, 0)); // [width]
  return tf.mean(distance === "squared" ? tf.square(difference) : tf.abs(difference)) as tf.Scalar;
}

/**
 * The pull-away term: the mean over all ordered pairs of rows of `[n, width]` of their squared cosine.
 * J. Zhao, M. Mathieu, Y. LeCun, "Energy-based Generative Adversarial Networks", ICLR 2017, Eq. (4).
 */
export function pullAway(features: tf.Tensor): tf.Scalar {
  const n = features.shape[0]!;
  const length = tf.sqrt(tf.add(tf.sum(tf.square(features), 1, true), 1e-12)); // [n, 1]
  const unit = tf.div(features, length) as tf.Tensor2D;
  const cosines = tf.matMul(unit, unit, false, true); // [n, n]
  // the diagonal: 1 for each row, but for rows that are 0
  const own = tf.sum(tf.square(tf.sum(tf.square(unit), 1)));
  return tf.div(tf.sub(tf.sum(tf.square(cosines)), own), n * (n - 1)) as tf.Scalar;
}

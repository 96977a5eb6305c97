/**
 * What classifiers minimise, computed from logits `[n, K]`. Both losses stay finite where probabilities are 0 in float32.
 *
 * @module
 */
import * as tf from "../tensor/tf.ts";

/**
 * Cross-entropy `−E log P(y | x)`, in nats; ℓ of DSGAN's Eq. (9), and the first term of Eq. (4).
 * @param logits `[n, K]`
 * @param labels one-hot `[n, K]`
 */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  const correct = tf.sum(tf.mul(labels, logits), 1); // [n]
  return tf.mean(tf.sub(tf.logSumExp(logits, 1), correct)) as tf.Scalar;
}

/**
 * Conditional entropy `E H(y | x)` of the K predicted probabilities, in nats: from 0 (sure) to log K (no idea); H of
 * DSGAN's Eq. (9).
 * @param logits `[n, K]`
 */
export function conditionalEntropy(logits: tf.Tensor): tf.Scalar {
  const lse = tf.logSumExp(logits, 1, true); // [n, 1]
  const logP = tf.sub(logits, lse); // [n, K]
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logP), logP), 1))) as tf.Scalar;
}

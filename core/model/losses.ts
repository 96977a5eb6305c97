/**
 * What classifiers are trained on, of their logits `[n, K]`: terms of Eqs. (4) and (9) alike. Nothing overflows.
 *
 * @module
 */
import * as tf from "../tensor/tf.ts";

/** `−E log P(y | x)`, the labels one-hot `[n, K]`, in nats; ℓ of Eq. (9). */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  const correct = tf.sum(tf.mul(labels, logits), 1); // [n]
  return tf.mean(tf.sub(tf.logSumExp(logits, 1), correct)) as tf.Scalar;
}

/** `E H(y | x)`, in nats: from 0 (sure) to log K (no idea); H of Eq. (9). */
export function conditionalEntropy(logits: tf.Tensor): tf.Scalar {
  const lse = tf.logSumExp(logits, 1, true); // [n, 1]
  const logP = tf.sub(logits, lse); // [n, K]
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logP), logP), 1))) as tf.Scalar;
}

/**
 * Eq. (9): cross-entropy on labelled rows and, weighted by w, the entropy of what the classifier says of unlabelled ones.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";

const logProbabilities = (logits: tf.Tensor): tf.Tensor => tf.sub(logits, tf.logSumExp(logits, 1, true));

/** ℓ(x; y; C) of Eq. (9): the mean of −log p(y). @param y one-hot, `[m, K]` */
export function crossEntropy(logits: tf.Tensor, y: tf.Tensor): tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(y, logProbabilities(logits)), 1))) as tf.Scalar;
}

/** H(C(x)) of Eq. (9): the mean of −Σ p·log p, from 0 (sure) to log K (no idea). */
export function entropy(logits: tf.Tensor): tf.Scalar {
  const logs = logProbabilities(logits);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logs), logs), 1))) as tf.Scalar;
}

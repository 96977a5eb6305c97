/**
 * How sure a classifier is of a class, and where float32 takes it for certain.
 *
 * @module
 */
import { tf } from "../../core/mod.ts";

/** A logit beyond this counts as this: infinite ones have no differences. */
const MOST = 1e38;

/** From here on `1 + odds` is 1 in float32: log 2⁻²⁴. */
const ROUNDED = -24 * Math.LN2;

/** The logit of each row's class, and those of the others, that one put behind them. `hot` is bool `[n, classes]`. */
export const ownLogit = (z: tf.Tensor, hot: tf.Tensor): tf.Tensor => tf.sum(tf.where(hot, z, 0), 1);
export const otherLogits = (z: tf.Tensor, hot: tf.Tensor): tf.Tensor => tf.where(hot, -MOST, z);

/** `log Σ_{k≠y} e^{z_k} − z_y`, `[n]`, of which the cross-entropy is the softplus. */
export function logOdds(logits: tf.Tensor, hot: tf.Tensor): tf.Tensor {
  const z = tf.clipByValue(logits, -MOST, MOST);
  return tf.sub(tf.logSumExp(otherLogits(z, hot), 1), ownLogit(z, hot));
}

/**
 * Whether the softmax of each row's class is exactly 1 in float32, bool `[n]`. Its share `1 / (1 + odds)` is told from the
 * odds, so that no engine's way of rounding a softmax counts.
 */
export const isCertain = (logits: tf.Tensor, hot: tf.Tensor): tf.Tensor =>
  tf.lessEqual(logOdds(logits, hot), ROUNDED);

/**
 * Which wrong classes to aim at: the likeliest ones of the clean image.
 *
 * @module
 */
import {
  type AttackBatch,
  type AttackTools,
  type Classifier,
  Key,
  type StepTools,
  tf,
} from "../../../core/mod.ts";

/** Puts the true class behind all others. */
const FAR = 1e9;

/** The likeliest class but the given ones at a point, int32 `[n]`: what stands between it and those. */
export function strongestBut(labels: tf.Tensor, point: tf.Tensor, classifier: Classifier): tf.Tensor1D {
  const hot = tf.oneHot(tf.cast(labels, "int32") as tf.Tensor1D, classifier.classes);
  return tf.argMax(tf.sub(classifier.logits(point), tf.mul(hot, FAR)), 1);
}

/** Ranking draws nothing. */
const NO_KEY = Key.from("targets");

/** Wrong classes from the likeliest on, `[n, classes − 1]`. */
function ranking({ x, y }: AttackBatch, { classifier }: StepTools) {
  const truth = tf.oneHot(y, classifier.classes);
  const logits = tf.sub(classifier.logits(x), tf.mul(truth, FAR));
  return { wrong: tf.topk(logits, classifier.classes - 1).indices };
}

/**
 * Of each image the wrong class that is the likeliest but `rank` others. It counts as no query: whoever evaluates an
 * attack knows the logits of the clean images.
 * @param rank from 0 to the number of classes − 2
 * @returns int32 `[n]`; freed when `perturb` ends
 */
export function wrongClass({ x, y }: AttackBatch, rank: number, tools: AttackTools): tf.Tensor1D {
  const { wrong } = tools.peek(ranking, { x, y }, NO_KEY);
  const chosen = tf.tidy(() => tf.reshape(tf.slice(wrong, [0, rank], [-1, 1]), [-1]) as tf.Tensor1D);
  wrong.dispose();
  return tools.track(chosen);
}

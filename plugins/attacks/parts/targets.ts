/**
 * Which wrong classes to aim at: the likeliest ones of the clean image.
 *
 * @module
 */
import { type AttackBatch, type AttackTools, Key, type StepTools, tf } from "../../../core/mod.ts";

/** Puts the true class behind all others. */
const FAR = 1e9;

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

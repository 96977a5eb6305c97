/**
 * How long a change of images is, in each norm: one rule for whoever measures that.
 *
 * @module
 */
import type { Range } from "../model/dataset.ts";
import * as tf from "../tensor/tf.ts";
import type { Norm } from "./attack.ts";
import { slackOf } from "./budget.ts";

/** Values of each pixel: an image `[height, width, channels]` has some; of another shape, each value is one. */
export function channelsOf(inputShape: readonly number[]): number {
  return inputShape.length === 3 ? inputShape[2]! : 1;
}

/**
 * The length of each change. In ℓ0 it is the number of pixels of which any channel differs by more than rounding.
 * @param change `[n, ...inputShape]`
 * @param bounds of the images that are changed
 * @returns `[n]`
 */
export function lengthIn(norm: Norm, change: tf.Tensor, bounds: Range): tf.Tensor1D {
  const [n, ...inputShape] = change.shape as [number, ...number[]];
  const sizes = tf.abs(tf.reshape(change, [n, -1])); // [n, d]
  if (norm === "linf") return tf.max(sizes, 1);
  if (norm === "l2") return tf.sqrt(tf.sum(tf.square(sizes), 1));
  if (norm === "l1") return tf.sum(sizes, 1);
  const pixels = tf.reshape(sizes, [n, -1, channelsOf(inputShape)]);
  const moved = tf.cast(tf.greater(tf.max(pixels, 2), slackOf(bounds).absolute), "float32");
  return tf.sum(moved, 1);
}

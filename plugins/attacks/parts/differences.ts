/**
 * Differences of logits and their slopes: how far an image is from each of several decision boundaries.
 *
 * @module
 */
import { type Classifier, tf } from "../../../core/mod.ts";
import { flat } from "./rows.ts";

/** Of each image, towards each of k other classes. */
export interface Differences {
  /** z of the other class − z of its own, `[k, n]` */
  readonly values: tf.Tensor2D;
  /** Their slopes in the image, `[k, n, d]` */
  readonly slopes: tf.Tensor3D;
  /** `[n, classes]` */
  readonly logits: tf.Tensor2D;
}

/**
 * Takes them. The forward pass is written k times; an engine that compiles the whole runs it once.
 * @param from class of each image, int32 `[n]`
 * @param to k lists of other classes, int32 `[n]` each
 */
export function differencesOf(
  classifier: Classifier,
  x: tf.Tensor,
  from: tf.Tensor,
  to: readonly tf.Tensor[],
): Differences {
  const hot = (labels: tf.Tensor): tf.Tensor =>
    tf.cast(tf.oneHot(tf.cast(labels, "int32") as tf.Tensor1D, classifier.classes), "float32");
  const start = hot(from);
  const logits = classifier.logits(x);
  const ways = to.map((labels) => tf.sub(hot(labels), start)); // [n, classes]
  const slopes = ways.map((way) =>
    flat(tf.grad((image) => tf.sum(tf.mul(classifier.logits(image), way)))(x)),
  );
  return {
    values: tf.stack(ways.map((way) => tf.sum(tf.mul(logits, way), 1))) as tf.Tensor2D,
    slopes: tf.stack(slopes) as tf.Tensor3D,
    logits,
  };
}

/** Of each image the difference that is numbered `which`, int32 `[n]`: value `[n]` and slope `[n, d]`. */
export function pick(
  { values, slopes }: Differences,
  which: tf.Tensor,
): { value: tf.Tensor1D; slope: tf.Tensor2D } {
  const [k] = values.shape;
  if (k === 1)
    return { value: tf.reshape(values, [-1]) as tf.Tensor1D, slope: tf.squeeze(slopes, [0]) as tf.Tensor2D };
  const hot = tf.transpose(tf.cast(tf.oneHot(which as tf.Tensor1D, k), "float32")); // [k, n]
  return {
    value: tf.sum(tf.mul(values, hot), 0),
    slope: tf.sum(tf.mul(slopes, tf.expandDims(hot, 2)), 0),
  };
}

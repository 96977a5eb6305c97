/**
 * Small classifiers with random weights, for suites that attack something: neither is linear, neither is defended.
 *
 * @module
 */
import { type Classifier, Key, sizeOf, tf } from "../../core/mod.ts";

/** A multilayer perceptron on images of 6 x 6 pixels, in 4 classes. */
export function smallMlp(seed = 1): Classifier {
  const inputShape = [6, 6, 1];
  const [hidden, classes, key] = [16, 4, Key.from(seed)];
  return withWeights("mlp", inputShape, classes, {
    w1: key.fold("w1").normal([sizeOf(inputShape), hidden], 0, 0.5),
    w2: key.fold("w2").normal([hidden, classes]),
  })(({ w1, w2 }, x) => {
    const rows = tf.reshape(x, [-1, sizeOf(inputShape)]);
    return tf.matMul(tf.tanh(tf.matMul(tf.sub(rows, 0.5), w1)), w2);
  });
}

/** A convolutional network on coloured images of 8 x 8 pixels, in 5 classes. */
export function smallConv(seed = 1): Classifier {
  const inputShape = [8, 8, 3];
  const [filters, classes, key] = [6, 5, Key.from(seed)];
  return withWeights("conv", inputShape, classes, {
    w1: key.fold("w1").normal([3, 3, 3, filters], 0, 0.5),
    w2: key.fold("w2").normal([4 * 4 * filters, classes]),
  })(({ w1, w2 }, x) => {
    const maps = tf.relu(tf.conv2d(tf.sub(x, 0.5) as tf.Tensor4D, w1 as tf.Tensor4D, 2, "same"));
    return tf.matMul(tf.reshape(maps, [-1, 4 * 4 * filters]), w2);
  });
}

/** A classifier on values from 0 to 1. */
const withWeights =
  <W extends Record<string, tf.Tensor>>(
    name: string,
    inputShape: readonly number[],
    classes: number,
    weights: W,
  ) =>
  (logits: (weights: W, x: tf.Tensor) => tf.Tensor): Classifier => ({
    name,
    inputShape,
    classes,
    bounds: [0, 1],
    logits: (x) => tf.tidy(() => logits(weights, x) as tf.Tensor2D),
    dispose: () => tf.dispose(weights as tf.TensorContainer),
  });

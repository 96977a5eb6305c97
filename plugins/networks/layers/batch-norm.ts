/**
 * Batch normalisation.
 * S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, Algorithms 1 and 2.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";
import type { LayerPlan } from "./layer.ts";

/** ε and the share of a new batch in the running statistics: what PyTorch, Keras and others agree on, or nearly. */
const EPSILON = 1e-5;
const MOMENTUM = 0.1;

/**
 * `(x − mean)/√(variance + 1e-5)·scale + shift`, for each unit, or for each channel of images. In training mean and
 * variance are those of the batch, and the pass moves the running ones a tenth of the way towards them (the variance
 * without bias, as PyTorch does); in use they are the running ones.
 */
export const batchNorm: LayerPlan = (input) => {
  const units = input.at(-1)!;
  const vector = (value: number, trainable: boolean): tf.Variable =>
    tf.tidy(() => tf.variable(tf.fill([units], value), trainable));
  const scale = vector(1, true);
  const shift = vector(0, true);
  const mean = vector(0, false);
  const variance = vector(1, false);

  /** Moves a running statistic. No gradient reaches it, whatever tape is being recorded. */
  const move = (running: tf.Variable, seen: tf.Tensor): void =>
    tf.tidy(() => running.assign(tf.add(tf.mul(running, 1 - MOMENTUM), tf.mul(seen, MOMENTUM))));

  return {
    output: input,
    parameters: { scale, shift },
    state: { mean, variance },
    inputAxes: { scale: 0, shift: 0, mean: 0, variance: 0 },
    couplesRows: true,
    apply(x, { training }) {
      const axes = x.shape.slice(0, -1).map((_, axis) => axis);
      let centred: tf.Tensor;
      let spread: tf.Tensor; // [units]
      if (training) {
        const count = x.size / units;
        const batchMean = tf.mean(x, axes); // [units]
        centred = tf.sub(x, batchMean);
        spread = tf.mean(tf.square(centred), axes);
        move(mean, batchMean);
        move(variance, tf.mul(spread, count / Math.max(1, count - 1)));
      } else {
        centred = tf.sub(x, mean);
        spread = variance;
      }
      const factor = tf.mul(scale, tf.rsqrt(tf.add(spread, EPSILON))); // [units]
      return tf.add(tf.mul(centred, factor), shift);
    },
  };
};

/**
 * One dense layer.
 *
 * @module
 */
import { type Key, tf } from "../../../core/mod.ts";
import { spectralNormOf } from "./spectral-norm.ts";

/**
 * How weights are drawn, from normal distributions of mean 0: `he` with variance 2/inputs (K. He et al., "Delving
 * Deep into Rectifiers", ICCV 2015, Eq. 10), `glorot` with variance 2/(inputs + outputs) (X. Glorot, Y. Bengio,
 * "Understanding the Difficulty of Training Deep Feedforward Neural Networks", AISTATS 2010, Eq. 12).
 */
export type Init = "he" | "glorot";

/** A layer: `[n, inputs]` to `[n, outputs]`. */
export interface Layer {
  /** By name. */
  readonly parameters: Readonly<Record<string, tf.Variable>>;
  /** What changes without a gradient, by name. */
  readonly state: Readonly<Record<string, tf.Variable>>;
  apply(x: tf.Tensor): tf.Tensor;
  /** Updates `state`. */
  prepare?(): void;
}

/** `x·W + b`, or `x·W/σ(W) + b` with spectral normalisation; b is 0 at first. */
export function dense(
  inputs: number,
  outputs: number,
  { init, spectralNorm }: { readonly init: Init; readonly spectralNorm: boolean },
  key: Key,
): Layer {
  const deviation = Math.sqrt(2 / (init === "he" ? inputs : inputs + outputs));
  const weight = tf.tidy(() => tf.variable(key.fold("weight").normal([inputs, outputs], 0, deviation)));
  const bias = tf.tidy(() => tf.variable(tf.zeros([outputs])));
  const parameters = { weight, bias };
  if (!spectralNorm) {
    return {
      parameters,
      state: {},
      apply: (x) => tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias),
    };
  }
  const norm = spectralNormOf(weight, key.fold("u"));
  return {
    parameters,
    state: norm.state,
    // (x·W)/σ rather than x·(W/σ): the same, and a batch is smaller than a weight
    apply: (x) => tf.add(tf.div(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), norm.sigma()), bias),
    prepare: norm.iterate,
  };
}

/**
 * Weight normalisation, with data-dependent initialisation.
 * T. Salimans, D. P. Kingma, "Weight Normalization", NIPS 2016, Eq. (2) and Eqs. (5) and (6).
 *
 * @module
 */
import { sizeOf, tf } from "../../../core/mod.ts";
import { biasOf, drawWeight } from "./affine.ts";
import type { LayerPlan } from "./layer.ts";
import type { LinearPlan } from "./linear.ts";

/** Options of {@link weightNorm}. */
export interface WeightNormOptions {
  /** Standard deviation from which W is drawn, > 0. Its size does not matter to the output, but to the step size. */
  readonly deviation: number;
  /** Whether the lengths g are trained; if not, they are what the initialisation made them, and belong to `state`. */
  readonly trainScale?: boolean;
  /** Standard deviation s that the initialisation gives the outputs, > 0; `none`: no data are looked at. 1 unless given. */
  readonly initDeviation?: number | "none";
}

/** Keeps quotients finite where a weight, or a deviation, is 0. */
const TINY = 1e-6;

/**
 * `x·v + b` with `v = W·g/√(ΣW² + 1e-6)`, the sum over all weights of a unit; g is 1 and b is 0 at first.
 *
 * `initialize` makes the outputs of a batch of mean 0 and standard deviation s, for each unit (for each channel, in
 * images): `g ← g·s/std`, `b ← −mean·s/std`.
 */
export function weightNorm(
  plan: LinearPlan,
  { deviation, trainScale = false, initDeviation = 1 }: WeightNormOptions,
): LayerPlan {
  return (input, key) => {
    const map = plan(input);
    const units = map.weight[map.unitAxis]!;
    const weight = drawWeight(map, deviation, key);
    const bias = biasOf(map);
    const scale = tf.tidy(() => tf.variable(tf.ones([units]), trainScale));
    const others = map.weight.map((_, axis) => axis).filter((axis) => axis !== map.unitAxis);
    const spread = map.weight.map((n, axis) => (axis === map.unitAxis ? n : 1)); // against the weight's shape

    /** The map without its bias, `[n, ..., units]`. */
    const linear = (x: tf.Tensor): tf.Tensor => {
      const factor = tf.div(scale, tf.sqrt(tf.add(tf.sum(tf.square(weight), others), TINY))); // [units]
      // g/‖W‖ may go to either factor of the product: to the smaller one
      return x.shape[0]! * sizeOf(map.output) < sizeOf(map.weight)
        ? tf.mul(map.apply(x, weight), factor)
        : map.apply(x, tf.mul(weight, tf.reshape(factor, spread)));
    };
    const apply = (x: tf.Tensor): tf.Tensor => tf.add(linear(x), bias);

    return {
      output: map.output,
      mixes: true,
      inputAxes: { weight: map.inputAxis },
      parameters: { weight, bias, ...(trainScale && { scale }) },
      ...(!trainScale && { state: { scale } }),
      apply,
      ...(initDeviation !== "none" && {
        initialize(x: tf.Tensor) {
          tf.tidy(() => {
            const y = linear(x);
            const { mean, variance } = tf.moments(
              y,
              y.shape.slice(0, -1).map((_, axis) => axis),
            ); // [units]
            const factor = tf.div(initDeviation, tf.sqrt(tf.add(variance, TINY)));
            scale.assign(tf.mul(scale, factor));
            bias.assign(tf.neg(tf.mul(mean, factor)));
          });
          return apply(x);
        },
      }),
    };
  };
}

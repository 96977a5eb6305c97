/**
 * Layers that act on each value alone.
 *
 * @module
 */
import { type Range, tf } from "../../../core/mod.ts";
import type { Init } from "./affine.ts";
import type { LayerPlan } from "./layer.ts";

/** A function of each value. */
export function each(f: (x: tf.Tensor) => tf.Tensor): LayerPlan {
  return (input) => ({ output: input, apply: f });
}

/** `max(x, 0)`. */
export const relu: LayerPlan = each((x) => tf.relu(x));
/** `log(1 + eˣ)`. */
export const softplus: LayerPlan = each((x) => tf.softplus(x));

/** `x` above 0, `slope·x` below. */
export function leakyRelu(slope: number): LayerPlan {
  return each((x) => tf.leakyRelu(x, slope));
}

/** Slope below 0 of `leaky-relu`. */
const LEAK = 0.2;

/** Activations by the names that options have for them, each with the initialisation derived for functions of its kind. */
export const activations = {
  relu: { layer: relu, init: "he" },
  "leaky-relu": { layer: leakyRelu(LEAK), init: "he" },
  elu: { layer: each((x) => tf.elu(x)), init: "he" },
  tanh: { layer: each((x) => tf.tanh(x)), init: "glorot" },
  softplus: { layer: softplus, init: "glorot" },
} as const satisfies Readonly<Record<string, { readonly layer: LayerPlan; readonly init: Init }>>;

/** Name of an activation. */
export type Activation = keyof typeof activations;

/** `centre + half·tanh(x)`: tanh itself on [−1, 1], its values within the range elsewhere. */
export function tanhInto([low, high]: Range): (x: tf.Tensor) => tf.Tensor {
  const half = (high - low) / 2;
  const centre = (high + low) / 2;
  if (half === 1 && centre === 0) return (x) => tf.tanh(x);
  return (x) => tf.add(centre, tf.mul(half, tf.tanh(x)));
}

/** `low + (high − low)·sigmoid(x)`: the sigmoid itself on [0, 1]. */
export function sigmoidInto([low, high]: Range): (x: tf.Tensor) => tf.Tensor {
  if (low === 0 && high === 1) return (x) => tf.sigmoid(x);
  return (x) => tf.add(low, tf.mul(high - low, tf.sigmoid(x)));
}

/**
 * Noise in training: Gaussian (A. Rasmus et al., "Semi-Supervised Learning with Ladder Networks", NIPS 2015) and
 * dropout (N. Srivastava et al., "Dropout", JMLR 15, 2014; of whole channels: J. Tompson et al., "Efficient Object
 * Localization Using Convolutional Networks", CVPR 2015, Sec. 3.2). In use, all of them pass their input through.
 *
 * @module
 */
import { type Key, type Mode, RunError, tf } from "../../../core/mod.ts";
import type { LayerPlan } from "./layer.ts";
import { imageShape } from "./shapes.ts";

/** `x + deviation·N(0, 1)` in training. */
export function gaussianNoise(deviation: number): LayerPlan {
  return (input) => ({
    output: input,
    apply: (x, mode) =>
      mode.training ? tf.add(x, keyOf(mode, "Gaussian noise").normal(x.shape, 0, deviation)) : x,
  });
}

/** In training sets each value to 0 with probability `rate`, in [0, 1), and divides the others by 1 − rate. */
export function dropout(rate: number): LayerPlan {
  return (input) => ({ output: input, apply: (x, mode) => dropped(x, x.shape, rate, mode) });
}

/** As {@link dropout}, of whole channels of an image at a time. */
export function dropout2d(rate: number): LayerPlan {
  return (input) => {
    imageShape(input, "dropout of channels");
    return {
      output: input,
      apply: (x, mode) => dropped(x, [x.shape[0]!, 1, 1, x.shape[3]!], rate, mode),
    };
  };
}

/** @param shape of the mask, which is spread over x */
function dropped(x: tf.Tensor, shape: readonly number[], rate: number, mode: Mode): tf.Tensor {
  if (!mode.training || rate === 0) return x;
  const kept = tf.greaterEqual(keyOf(mode, "dropout").uniform(shape), rate); // uniform in [0, 1)
  return tf.mul(x, tf.mul(tf.cast(kept, "float32"), 1 / (1 - rate)));
}

function keyOf(mode: Mode, what: string): Key {
  if (mode.key !== undefined) return mode.key;
  throw new RunError(`${what} in training needs a key: apply(x, { training: true, key })`);
}

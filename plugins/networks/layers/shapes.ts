/**
 * Layers that change shapes and learn nothing.
 *
 * @module
 */
import { InputError, sizeOf, tf } from "../../../core/mod.ts";
import type { LayerPlan, Shape } from "./layer.ts";

/** `[n, ...shape]` to `[n, size]`. */
export const flatten: LayerPlan = (input) => reshape([sizeOf(input)])(input, undefined as never);

/** The same values, row by row, in another shape. @throws InputError where their numbers differ */
export function reshape(output: Shape): LayerPlan {
  return (input) => {
    if (sizeOf(input) !== sizeOf(output)) {
      throw new InputError(`rows of shape [${input}] cannot be given the shape [${output}]: sizes differ`);
    }
    if (`${input}` === `${output}`) return { output, apply: (x) => x };
    return { output, apply: (x) => tf.reshape(x, [x.shape[0]!, ...output]) };
  };
}

/** The mean over height and width: `[n, h, w, c]` to `[n, c]`. */
export const globalAveragePooling: LayerPlan = (input) => {
  const [, , channels] = imageShape(input, "global average pooling");
  return { output: [channels], apply: (x) => tf.mean(x, [1, 2]) };
};

/** Checks that a layer is given images. @throws InputError where the shape is not `[height, width, channels]` */
export function imageShape(input: Shape, what: string): [height: number, width: number, channels: number] {
  if (input.length !== 3) {
    throw new InputError(`${what} takes images, [height, width, channels], but its input is [${input}]`);
  }
  return [...input] as [number, number, number];
}

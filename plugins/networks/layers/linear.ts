/**
 * The linear maps: what they do with a weight, whatever that weight is made of.
 *
 * @module
 */
import { InputError, tf } from "../../../core/mod.ts";
import type { Shape } from "./layer.ts";
import { imageShape } from "./shapes.ts";

/** A map that is linear in its input and in its weight. */
export interface LinearMap {
  readonly output: Shape;
  /** Shape of the weight. */
  readonly weight: Shape;
  /** The axis of the weight that counts units, or channels, of the output. */
  readonly unitAxis: number;
  /** The axis that counts values, or channels, of the input. */
  readonly inputAxis: number;
  apply(x: tf.Tensor, weight: tf.Tensor): tf.Tensor;
}

/** A linear map whose input is still open. */
export type LinearPlan = (input: Shape) => LinearMap;

/** `x·W`, `[n, inputs]` to `[n, units]`; W is `[inputs, units]`. */
export function dense(units: number): LinearPlan {
  return (input) => {
    if (input.length !== 1) throw new InputError(`a dense layer takes rows, but its input is [${input}]`);
    return {
      output: [units],
      weight: [input[0]!, units],
      unitAxis: 1,
      inputAxis: 0,
      apply: (x, weight) => tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D),
    };
  };
}

/** Square windows, moved by `stride` pixels over an image with `padding` pixels of 0 on each of its four sides. */
export interface Window {
  readonly size: number;
  readonly stride?: number;
  readonly padding?: number;
}

/** Convolution: `[n, h, w, c]` to `[n, ⌊(h + 2·padding − size)/stride⌋ + 1, …, filters]`; W is `[size, size, c, filters]`. */
export function conv2d(filters: number, { size, stride = 1, padding = 0 }: Window): LinearPlan {
  return (input) => {
    const [height, width, channels] = imageShape(input, "a convolution");
    const shrunk = (length: number): number => Math.floor((length + 2 * padding - size) / stride) + 1;
    const output = [shrunk(height), shrunk(width), filters];
    if (Math.min(...output) < 1) {
      throw new InputError(`images of shape [${input}] are too small for a convolution of size ${size}`);
    }
    return {
      output,
      weight: [size, size, channels, filters],
      unitAxis: 3,
      inputAxis: 2,
      // a number pads all four sides alike; "same" would pad only right and below where the stride is 2
      apply: (x, weight) => tf.conv2d(x as tf.Tensor4D, weight as tf.Tensor4D, stride, padding),
    };
  };
}

/**
 * Transpose of the convolution whose stride makes an image `stride` times smaller: `[n, h, w, c]` to
 * `[n, stride·h, stride·w, filters]`; W is `[size, size, filters, c]`.
 * @param size odd; the padding is (size − 1)/2
 */
export function conv2dTranspose(filters: number, { size, stride = 1 }: Omit<Window, "padding">): LinearPlan {
  const padding = (size - 1) / 2;
  return (input) => {
    const [height, width, channels] = imageShape(input, "a transpose convolution");
    const output = [stride * height, stride * width, filters] as const;
    return {
      output,
      weight: [size, size, filters, channels],
      unitAxis: 2,
      inputAxis: 3,
      apply: (x, weight) =>
        tf.conv2dTranspose(
          x as tf.Tensor4D,
          weight as tf.Tensor4D,
          [x.shape[0]!, ...output],
          stride,
          padding,
        ),
    };
  };
}

/**
 * Pooling by windows.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { given, type OnnxNode, type Operator, type Operators } from "../node.ts";
import { channelsLast, laid } from "../value.ts";
import { asImages, heightAndWidth, type Pads, type Pair, type Window, windowOf } from "./window.ts";

/** Below every pixel, and yet a number: padding of a maximum. */
const LOWEST = -3.4028234663852886e38;

interface Frame {
  /** Paddings with which each window lies within. */
  readonly pads: Pads;
  /** Pixels that each window averages over: rows times columns. */
  readonly counts: readonly [rows: readonly number[], columns: readonly number[]];
}

/** How windows lie on an image. @param counted whether padding counts as pixels; what rounding up adds never does */
function frameOf(node: OnnxNode, window: Window, counted: boolean): (image: Pair) => Frame {
  const ceil = node.int("ceil_mode", 0) === 1;
  return (image) => {
    const own = window.pads(image);
    const axisAt = (i: 0 | 1, before: number, after: number) => {
      const [length, kernel, stride] = [image[i], window.kernel[i], window.strides[i]];
      const seen: Seen = counted ? [-before, length + after] : [0, length];
      return axisOf({ length, kernel, stride, before, after, ceil }, seen);
    };
    const axes = [axisAt(0, own.top, own.bottom), axisAt(1, own.left, own.right)] as const;
    return {
      pads: { top: own.top, left: own.left, bottom: axes[0].after, right: axes[1].after },
      counts: [axes[0].counts, axes[1].counts],
    };
  };
}

/** The first pixel that counts, and the end of those that do. */
type Seen = readonly [first: number, end: number];

interface Axis {
  readonly length: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
  /** Whether a window that is not whole is one. */
  readonly ceil: boolean;
}

function axisOf(
  { length, kernel, stride, before, after, ceil }: Axis,
  [first, end]: Seen,
): { after: number; counts: number[] } {
  const steps = (length + before + after - kernel) / stride;
  let out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (ceil && (out - 1) * stride >= length + before) out--; // a window must begin on the image or before it
  const counts = Array.from({ length: out }, (_, i) => {
    const from = i * stride - before;
    return Math.min(from + kernel, end) - Math.max(from, first);
  });
  // of windows that stop short of the end, what is beyond the last is cut off by the pooling itself
  return { after: Math.max(0, (out - 1) * stride + kernel - length - before), counts };
}

function padded(x: tf.Tensor, { top, left, bottom, right }: Pads, value: number): tf.Tensor4D {
  if (top + left + bottom + right === 0) return x as tf.Tensor4D;
  return tf.pad(
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  ) as tf.Tensor4D;
}

const poolOf = (node: OnnxNode): Window => {
  const window = windowOf(node);
  if (window.dilations.some((n) => n !== 1)) node.fail(`has dilations ${window.dilations}`);
  return window;
};

const maxPool: Operator = (node) => {
  const window = poolOf(node);
  if (node.outputs > 1) node.fail("gives the places of the largest pixels, which isn't supported");
  const frame = frameOf(node, window, false);
  return (inputs) => {
    const { images, restored } = asImages(given(inputs, 0));
    const { pads } = frame(heightAndWidth(images));
    const x = padded(channelsLast(images), pads, LOWEST);
    return restored(laid(tf.maxPool(x, [...window.kernel], [...window.strides], "valid"), true));
  };
};

/** Means over the pixels that a window sees; padding is among them where `count_include_pad` is set. */
const averagePool: Operator = (node) => {
  const window = poolOf(node);
  const frame = frameOf(node, window, node.int("count_include_pad", 0) === 1);
  const area = window.kernel[0] * window.kernel[1];
  return (inputs) => {
    const { images, restored } = asImages(given(inputs, 0));
    const { pads, counts } = frame(heightAndWidth(images));
    const x = padded(channelsLast(images), pads, 0);
    const means = tf.avgPool(x, [...window.kernel], [...window.strides], "valid");
    const [rows, columns] = counts;
    const factors = rows.map((r) => columns.map((c) => [area / (r * c)]));
    const same = factors.every((row) => row.every(([factor]) => factor === 1));
    return restored(laid(same ? means : tf.mul(means, tf.tensor3d(factors)), true));
  };
};

/** Pooling by windows. */
export const pooling: Operators = { MaxPool: maxPool, AveragePool: averagePool };

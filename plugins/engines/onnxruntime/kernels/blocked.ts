/**
 * Convolutions in blocks of channels. ONNX Runtime's fastest convolutions (MLAS, "NCHWc") keep as many channels
 * together as a vector register holds numbers: images are `[n, c/b, h, w, b]`, filters `[o/b, i/b, h, w, b of i, b of o]`.
 * The runtime brings only filters into that shape that are constants; here they are parameters, so the graph does it.
 *
 * All functions answer undefined where there is no such convolution: `b` must divide the channels, and other runtimes
 * have none.
 *
 * @module
 */
import type { tf } from "../../../../core/mod.ts";
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import type { View } from "../value.ts";
import { concat, pad, slice } from "./shape.ts";

const { float32 } = Elem;

/** tfjs's account of a convolution or pooling: sizes, strides, dilations and paddings resolved. */
export type Info = tf.backend_util.Conv2DInfo;

export type Shape4 = [number, number, number, number];

/** An image `[n, h, w, c]` in blocks. */
export function inBlocks(g: Recorder, x: View, b: number): View {
  const [n, h, w, c] = x.shape as Shape4;
  return g.rearrange(x, [[n], [h], [w], [c / b, b]], [0, 3, 1, 2, 4]);
}

/** The image `[n, h, w, c]` that blocks hold, of whatever shape these are given. */
function outOfBlocks(g: Recorder, blocks: View, [n, h, w, c]: Shape4, b: number): View {
  const from = g.reshape(blocks, [n, c / b, h, w, b]);
  return g.formed({ from, perm: [0, 2, 3, 1, 4], parts: [1, 1, 1, 2], shape: [n, h, w, c] });
}

export interface Window {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly number[];
}

/** One convolution of what is in blocks. ONNX's shape inference is told of channels first, whatever the order in memory. */
export function convolved(
  g: Recorder,
  x: View,
  filter: View,
  window: Window,
  shape: readonly number[],
): View {
  return g.op("Conv", [x, filter], float32, shape, {
    domain: "com.microsoft.nchwc",
    attributes: {
      kernel_shape: window.size,
      strides: window.strides,
      dilations: window.dilations,
      pads: window.pads,
      group: 1,
    },
  });
}

/**
 * An image `[n, h, w, c]` of fewer channels than a block, computed as a whole block: a convolution in blocks with channels of zeros is
 * five times as fast as one of three channels that is not.
 *
 * @param few the filter
 * @param axis of the filter, that of these channels
 * @param compute gives the image from the filter with as many channels as a block
 */
function aFewOf(
  g: Recorder,
  few: View,
  axis: 2 | 3,
  compute: (filter: View) => View | undefined,
): View | undefined {
  const b = g.dialect.block!;
  const c = few.shape[axis]!;
  const paddings = few.shape.map((_, at) => [0, at === axis ? b - c : 0] as const);
  const image = compute(pad(g, few, paddings, 0));
  if (image === undefined) return undefined;
  const [n, h, w] = image.shape as Shape4;
  const blocks = g.reshape(inBlocks(g, image, b), [n, b, h, w]);
  return g.op("ReorderOutput", [blocks], float32, [n, h, w, c], {
    domain: "com.microsoft.nchwc",
    attributes: { channels: c, channels_last: 1 },
  });
}

/** A convolution of x `[n, h, w, i]` with a filter `[h, w, i, o]`. */
export function blockedConv(
  g: Recorder,
  x: View,
  filter: View,
  info: Info,
  pads: readonly number[],
): View | undefined {
  const b = g.dialect.block;
  const { batchSize: n, inChannels: i, outChannels: o, inHeight, inWidth, outHeight, outWidth } = info;
  if (b === undefined || (i % b !== 0 && i >= b)) return undefined;
  if (o < b && i % b === 0 && info.filterHeight * info.filterWidth > 1) {
    return aFewOf(g, filter, 3, (whole) => blockedConv(g, x, whole, { ...info, outChannels: b }, pads));
  }
  if (o % b !== 0) return undefined;
  const [h, w] = filter.shape as Shape4;
  // few channels are left as they are, the image with channels first
  const whole = i % b === 0;
  const input = whole ? inBlocks(g, x, b) : g.transpose(x, [0, 3, 1, 2]);
  const weights = whole
    ? g.rearrange(filter, [[h], [w], [i / b, b], [o / b, b]], [4, 2, 0, 1, 3, 5])
    : g.rearrange(filter, [[h], [w], [i], [o / b, b]], [3, 2, 0, 1, 4]);
  const y = convolved(
    g,
    g.reshape(input, [n, i, inHeight, inWidth]),
    g.reshape(weights, [o, i, h, w]),
    {
      size: [h, w],
      strides: [info.strideHeight, info.strideWidth],
      dilations: [info.dilationHeight, info.dilationWidth],
      pads,
    },
    [n, o, outHeight, outWidth],
  );
  return outOfBlocks(g, y, [n, outHeight, outWidth, o], b);
}

/** Along one axis: the part of a gradient to the input that falls on every `stride`-th pixel from `phase` on. */
interface Phase {
  /** Cells of the filter that reach it, the last first. */
  readonly cells: { readonly first: number; readonly count: number };
  readonly pads: readonly [number, number];
}

function phaseOf(
  phase: number,
  stride: number,
  size: number,
  before: number,
  input: number,
  output: number,
): Phase {
  const offset = (phase + before) % stride;
  const count = Math.ceil((size - offset) / stride);
  const start = count - 1 - (phase + before - offset) / stride;
  return {
    cells: { first: offset + (count - 1) * stride, count },
    pads: [start, input / stride + count - 1 - output - start],
  };
}

/**
 * The gradient to the input, `[n, h, w, i]`, of dy `[n, h, w, o]`: a convolution with the filter turned round. Of a
 * stride s, pixels s apart are reached by the same cells of the filter: s·s small convolutions, laid into each other.
 */
export function blockedInput(
  g: Recorder,
  dy: View,
  filter: View,
  info: Info,
  top: number,
  left: number,
): View | undefined {
  const b = g.dialect.block;
  const { batchSize: n, inChannels: i, outChannels: o, inHeight, inWidth, outHeight, outWidth } = info;
  const { strideHeight: down, strideWidth: across, dilationHeight, dilationWidth } = info;
  if (b === undefined || o % b !== 0 || dilationHeight * dilationWidth !== 1) return undefined;
  if (i < b && down * across === 1) {
    return aFewOf(g, filter, 2, (whole) => blockedInput(g, dy, whole, { ...info, inChannels: b }, top, left));
  }
  if (i % b !== 0) return undefined;
  if (inHeight % down !== 0 || inWidth % across !== 0) return undefined;
  const [h, w] = filter.shape as Shape4;
  const rows = Array.from({ length: down }, (_, r) => phaseOf(r, down, h, top, inHeight, outHeight));
  const columns = Array.from({ length: across }, (_, c) => phaseOf(c, across, w, left, inWidth, outWidth));
  const possible = ({ cells, pads }: Phase): boolean => cells.count > 0 && Math.min(...pads) >= 0;
  if (![...rows, ...columns].every(possible)) return undefined;

  const input = g.reshape(inBlocks(g, dy, b), [n, o, outHeight, outWidth]);
  const [tall, wide] = [inHeight / down, inWidth / across];
  const part = (row: Phase, column: Phase): View => {
    const size = [row.cells.count, column.cells.count] as const;
    const turned = slice(
      g,
      filter,
      [row.cells.first, column.cells.first, 0, 0],
      [...size, i, o],
      [-down, -across, 1, 1],
    );
    const weights = g.rearrange(turned, [[size[0]], [size[1]], [i / b, b], [o / b, b]], [2, 4, 0, 1, 5, 3]);
    const pads = [row.pads[0], column.pads[0], row.pads[1], column.pads[1]];
    const window: Window = { size, strides: [1, 1], dilations: [1, 1], pads };
    return convolved(g, input, g.reshape(weights, [i, o, ...size]), window, [n, i, tall, wide]);
  };
  const lines = rows.map((row) => {
    const parts = columns.map((column) => g.reshape(part(row, column), [n, i / b, tall, wide, 1, b]));
    return g.reshape(concat(g, parts, 4), [n, i / b, tall, 1, inWidth * b]);
  });
  return outOfBlocks(g, concat(g, lines, 3), [n, inHeight, inWidth, i], b);
}

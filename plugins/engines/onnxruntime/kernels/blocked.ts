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
import { formOf } from "../form.ts";
import { type Attributes, Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import type { View } from "../value.ts";
import { concat, slice } from "./shape.ts";

const { float32 } = Elem;

/** tfjs's account of a convolution or pooling: sizes, strides, dilations and paddings resolved. */
export type Info = tf.backend_util.Conv2DInfo;

type Shape4 = [number, number, number, number];

/** An image `[n, h, w, c]` in blocks. */
function inBlocks(g: Recorder, x: View, b: number): View {
  const [n, h, w, c] = x.shape as Shape4;
  return g.rearrange(x, [[n], [h], [w], [c / b, b]], [0, 3, 1, 2, 4]);
}

/** The image `[n, h, w, c]` that blocks hold, of whatever shape these are given. */
function outOfBlocks(g: Recorder, blocks: View, [n, h, w, c]: Shape4, b: number): View {
  const from = g.reshape(blocks, [n, c / b, h, w, b]);
  return g.formed({ from, perm: [0, 2, 3, 1, 4], parts: [1, 1, 1, 2], shape: [n, h, w, c] });
}

interface Window {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly number[];
}

/** One convolution. ONNX's shape inference is told of channels first, whatever the order in memory. */
function run(g: Recorder, x: View, filter: View, window: Window, shape: readonly number[]): View {
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
  if (b === undefined || o % b !== 0 || (i % b !== 0 && i >= b)) return undefined;
  const [h, w] = filter.shape as Shape4;
  // few channels are left as they are, the image with channels first
  const whole = i % b === 0;
  const input = whole ? inBlocks(g, x, b) : g.transpose(x, [0, 3, 1, 2]);
  const weights = whole
    ? g.rearrange(filter, [[h], [w], [i / b, b], [o / b, b]], [4, 2, 0, 1, 3, 5])
    : g.rearrange(filter, [[h], [w], [i], [o / b, b]], [3, 2, 0, 1, 4]);
  const y = run(
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
  if (b === undefined || o % b !== 0 || i % b !== 0 || dilationHeight * dilationWidth !== 1) return undefined;
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
    return run(g, input, g.reshape(weights, [i, o, ...size]), window, [n, i, tall, wide]);
  };
  const lines = rows.map((row) => {
    const parts = columns.map((column) => g.reshape(part(row, column), [n, i / b, tall, wide, 1, b]));
    return g.reshape(concat(g, parts, 4), [n, i / b, tall, 1, inWidth * b]);
  });
  return outOfBlocks(g, concat(g, lines, 3), [n, inHeight, inWidth, i], b);
}

/**
 * The gradient to the filter, `[h, w, i, o]`: for each of its cells a product over all k places of all images, which is a
 * convolution too: of an "image" of o pixels whose channels are the places, with what was seen through the cell as filter.
 */
export function blockedFilter(
  g: Recorder,
  x: View,
  dy: View,
  info: Info,
  pads: readonly number[],
): View | undefined {
  const b = g.dialect.block;
  const { batchSize: n, inChannels: i, outChannels: o, outHeight, outWidth } = info;
  const k = n * outHeight * outWidth;
  if (b === undefined || i % b !== 0 || k % b !== 0) return undefined;
  const seen = views(g, x, b, info, pads);
  const places = g.reshape(placesInBlocks(g, dy, b), [1, k, o, 1]);
  const window: Window = { size: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const cells: View[] = [];
  for (let r = 0; r < info.filterHeight; r++) {
    for (let c = 0; c < info.filterWidth; c++) {
      const filter = g.reshape(seen(r * info.dilationHeight, c * info.dilationWidth), [i, k, 1, 1]);
      cells.push(g.reshape(run(g, places, filter, window, [1, i, o, 1]), [1, i / b, o, b]));
    }
  }
  const { filterHeight: h, filterWidth: w } = info;
  return g.reshape(g.transpose(concat(g, cells, 0), [0, 1, 3, 2]), [h, w, i, o]);
}

/**
 * What all places see of x at a distance of some rows and columns from their windows' corners, `[i/b, n, h, w, b]`. Pixels a stride
 * apart are brought together first, so that every such view is a block, and copied in long pieces.
 */
function views(g: Recorder, x: View, b: number, info: Info, pads: readonly number[]) {
  const { batchSize: n, inChannels: i, inHeight, inWidth, outHeight, outWidth } = info;
  const { strideHeight: down, strideWidth: across } = info;
  const [top, left, bottom, right] = pads as Shape4;
  const [tall, wide] = [
    Math.ceil((top + inHeight + bottom) / down),
    Math.ceil((left + inWidth + right) / across),
  ];
  const image = inBlocks(g, x, b);
  const made = new Map<string, View>();
  /** Of the image within its frame of zeros, the rows and columns a stride apart from these on: `[i/b, n, tall, wide, b]`. */
  const phase = (row: number, column: number): View => {
    const name = `${row} ${column}`;
    const known = made.get(name);
    if (known !== undefined) return known;
    const skipped = [Math.max(0, row - top), Math.max(0, column - left)] as const;
    const [height, width] = [inHeight - skipped[0], inWidth - skipped[1]];
    const part = slice(g, image, [0, 0, ...skipped, 0], [n, i / b, height, width, b]);
    const [above, before] = [Math.max(0, top - row), Math.max(0, left - column)];
    const frame = [
      above,
      before,
      Math.max(0, (tall - 1) * down + 1 - height - above),
      Math.max(0, (wide - 1) * across + 1 - width - before),
    ];
    const picked = everySo(g, g.reshape(part, [n, i, height, width]), [down, across], frame, [
      n,
      i,
      tall,
      wide,
    ]);
    const blocks = g.transpose(g.reshape(picked, [n, i / b, tall * wide * b]), [1, 0, 2]);
    const view = g.reshape(blocks, [i / b, n, tall, wide, b]);
    made.set(name, view);
    return view;
  };
  return (row: number, column: number): View => {
    const begin = [0, 0, Math.floor(row / down), Math.floor(column / across), 0];
    return slice(g, phase(row % down, column % across), begin, [i / b, n, outHeight, outWidth, b]);
  };
}

/**
 * Pixels so far apart of an image in blocks, framed by zeros, as a convolution of each channel by itself with a 1: it runs on all
 * threads, which the runtime's padding, slicing and transposing do not.
 */
function everySo(
  g: Recorder,
  x: View,
  strides: readonly [number, number],
  pads: readonly number[],
  shape: readonly number[],
): View {
  const channels = shape[1]!;
  const ones = g.named("ones", float32, [channels, 1, 1, 1], () => new Float32Array(channels).fill(1));
  return g.op("Conv", [x, ones], float32, shape, {
    domain: "com.microsoft.nchwc",
    attributes: { kernel_shape: [1, 1], strides, dilations: [1, 1], pads, group: channels },
  });
}

/**
 * dy `[n, h, w, o]` with the places in blocks: `[n·h·w/b, o, b]`. The runtime's own operators that reorder images do it, on images
 * whose channels are our places: they turn blocks round in registers, as its transposition does not.
 */
function placesInBlocks(g: Recorder, dy: View, b: number): View {
  const [n, h, w, o] = dy.shape as Shape4;
  const k = n * h * w;
  const reorder = (op: string, x: View, shape: readonly number[], attributes: Attributes): View =>
    g.op(op, [x], float32, shape, { domain: "com.microsoft.nchwc", attributes });
  if (formOf(dy) === undefined || o % b !== 0) {
    return reorder("ReorderInput", g.reshape(dy, [1, k, o, 1]), [1, k, o, 1], { channels_last: 0 });
  }
  const blocks = g.reshape(inBlocks(g, dy, b), [n, o, h, w]);
  if ((h * w) % b !== 0) {
    const last = reorder("ReorderOutput", blocks, [n, h, w, o], { channels: o, channels_last: 1 });
    return reorder("ReorderInput", g.reshape(last, [1, k, o, 1]), [1, k, o, 1], { channels_last: 0 });
  }
  const first = reorder("ReorderOutput", blocks, [n, o, h, w], { channels: o, channels_last: 0 });
  const places = g.reshape(first, [n, o, 1, h * w]);
  return reorder("ReorderInput", places, [n, h * w, o, 1], { channels_last: 1 });
}

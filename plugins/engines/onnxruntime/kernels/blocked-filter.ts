/**
 * Gradients of convolutions to their filters, in blocks of channels (see `blocked.ts`): products over all places of all images, which
 * convolutions compute too.
 *
 * @module
 */
import { formOf } from "../form.ts";
import { type Attributes, Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import type { View } from "../value.ts";
import { convolved, type Info, inBlocks, type Shape4, type Window } from "./blocked.ts";
import { concat, pad, slice } from "./shape.ts";

const { float32 } = Elem;

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
  if (b === undefined) return undefined;
  if (i % b !== 0) return i < b ? filterOfFew(g, x, dy, info, pads, b) : undefined;
  if (k % b !== 0) return undefined;
  const seen = views(g, x, b, info, pads);
  const places = placesInBlocks(g, dy, b);
  const cells: View[] = [];
  for (let r = 0; r < info.filterHeight; r++) {
    for (let c = 0; c < info.filterWidth; c++) {
      const filter = seen(r * info.dilationHeight, c * info.dilationWidth);
      cells.push(product(g, places, filter, k, o, i, b));
    }
  }
  const { filterHeight: h, filterWidth: w } = info;
  const all = concat(g, cells, 0); // [h·w·i/b, o, b]
  return g.reshape(g.transpose(all, [0, 2, 1]), [h, w, i, o]);
}

/**
 * The same where images have fewer channels than a block: dy is the filter, and the pixels of the "image" are the channels of all
 * cells.
 */
function filterOfFew(
  g: Recorder,
  x: View,
  dy: View,
  info: Info,
  pads: readonly number[],
  b: number,
): View | undefined {
  const {
    batchSize: n,
    inChannels: i,
    outChannels: o,
    outHeight,
    outWidth,
    filterHeight: h,
    filterWidth: w,
  } = info;
  const k = n * outHeight * outWidth;
  if (o % b !== 0 || (outHeight * outWidth) % b !== 0) return undefined;
  const [top, left, bottom, right] = pads as Shape4;
  const framed = pad(
    g,
    g.transpose(x, [0, 3, 1, 2]),
    [
      [0, 0],
      [0, 0],
      [top, bottom],
      [left, right],
    ],
    0,
  );
  const cells: View[] = [];
  for (let r = 0; r < h; r++) {
    for (let c = 0; c < w; c++) {
      const begin = [0, 0, r * info.dilationHeight, c * info.dilationWidth];
      cells.push(
        slice(g, framed, begin, [n, i, outHeight, outWidth], [1, 1, info.strideHeight, info.strideWidth]),
      );
    }
  }
  const pixels = h * w * i;
  const seen = g.reshape(concat(g, cells, 1), [n, pixels, 1, outHeight * outWidth]);
  const places = reorder(g, "ReorderInput", seen, [n, outHeight * outWidth, pixels, 1], { channels_last: 1 });
  const blocks = g.reshape(inBlocks(g, dy, b), [n, o / b, outHeight * outWidth * b]);
  const result = product(g, places, g.transpose(blocks, [1, 0, 2]), k, pixels, o, b); // [o/b, pixels, b]
  return g.reshape(g.transpose(result, [1, 0, 2]), [h, w, i, o]);
}

/**
 * The product over k places of what pixels have there, `[k/b, pixels, b]`, and what channels have, `[channels/b, k, b]`:
 * `[channels/b, pixels, b]`.
 */
function product(
  g: Recorder,
  places: View,
  filter: View,
  k: number,
  pixels: number,
  channels: number,
  b: number,
): View {
  const image = g.reshape(places, [1, k, pixels, 1]);
  const window: Window = { size: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const y = convolved(g, image, g.reshape(filter, [channels, k, 1, 1]), window, [1, channels, pixels, 1]);
  return g.reshape(y, [channels / b, pixels, b]);
}

/** What all places see of x so many rows and columns from their windows' corners: `[i/b, n, outHeight, outWidth, b]`. */
function views(g: Recorder, x: View, b: number, info: Info, [top, left]: readonly number[]) {
  const { batchSize: n, inChannels: i, inHeight, inWidth, outHeight, outWidth } = info;
  const image = g.reshape(
    g.transpose(g.reshape(inBlocks(g, x, b), [n, i / b, inHeight * inWidth * b]), [1, 0, 2]),
    [i / b, n * b, inHeight, inWidth],
  );
  return (row: number, column: number): View => {
    const rows = glimpse(row - top!, info.strideHeight, inHeight, outHeight);
    const columns = glimpse(column - left!, info.strideWidth, inWidth, outWidth);
    const seen = picked(
      g,
      image,
      b,
      [rows, columns],
      [info.strideHeight, info.strideWidth],
      [outHeight, outWidth],
    );
    return g.reshape(seen, [i / b, n, outHeight, outWidth, b]);
  };
}

/** Along one axis: a filter that is 1 in one cell and else 0, and the zeros around what it is moved over. */
interface Glimpse {
  readonly size: number;
  readonly cell: number;
  readonly pads: readonly [number, number];
}

/** The one that gives, of `input` pixels, every `stride`-th from `first` on, `output` of them; outside of the image there are zeros. */
function glimpse(first: number, stride: number, input: number, output: number): Glimpse {
  const before = Math.max(0, -first);
  const cell = Math.max(0, first);
  // of a smaller filter there would be more places
  const size = Math.max(cell + 1, before + input - output * stride + 1);
  return { size, cell, pads: [before, Math.max(0, (output - 1) * stride + size - before - input)] };
}

/**
 * Pixels of an image in blocks, picked by a convolution of each channel by itself: it runs on all threads, which the runtime's
 * padding and slicing do not.
 */
function picked(
  g: Recorder,
  x: View,
  b: number,
  [rows, columns]: readonly [Glimpse, Glimpse],
  strides: readonly [number, number],
  size: readonly [number, number],
): View {
  const [batch, channels, height, width] = x.shape as Shape4;
  const [h, w] = [rows.size, columns.size];
  if (h * w * strides[0] * strides[1] === 1 && size[0] === height && size[1] === width) return x;
  const cell = rows.cell * w + columns.cell;
  const filter = g.named(`cell ${cell} of ${h} by ${w}`, float32, [channels, 1, h, w], () =>
    Float32Array.from({ length: channels * h * w }, (_, at) =>
      Math.floor(at / b) % (h * w) === cell ? 1 : 0,
    ),
  );
  return g.op("Conv", [x, filter], float32, [batch, channels, ...size], {
    domain: "com.microsoft.nchwc",
    attributes: {
      kernel_shape: [h, w],
      strides,
      dilations: [1, 1],
      pads: [rows.pads[0], columns.pads[0], rows.pads[1], columns.pads[1]],
      group: channels,
    },
  });
}

/**
 * dy `[n, h, w, o]` with the places in blocks: `[n·h·w/b, o, b]`. The runtime's own operators that reorder images do it, on images
 * whose channels are our places: they turn blocks round in registers, as its transposition does not.
 */
function placesInBlocks(g: Recorder, dy: View, b: number): View {
  const [n, h, w, o] = dy.shape as Shape4;
  const k = n * h * w;
  if (formOf(dy) === undefined || o % b !== 0) {
    return reorder(g, "ReorderInput", g.reshape(dy, [1, k, o, 1]), [1, k, o, 1], { channels_last: 0 });
  }
  const blocks = g.reshape(inBlocks(g, dy, b), [n, o, h, w]);
  if ((h * w) % b !== 0) {
    const last = reorder(g, "ReorderOutput", blocks, [n, h, w, o], { channels: o, channels_last: 1 });
    return reorder(g, "ReorderInput", g.reshape(last, [1, k, o, 1]), [1, k, o, 1], { channels_last: 0 });
  }
  const first = reorder(g, "ReorderOutput", blocks, [n, o, h, w], { channels: o, channels_last: 0 });
  const places = g.reshape(first, [n, o, 1, h * w]);
  return reorder(g, "ReorderInput", places, [n, h * w, o, 1], { channels_last: 1 });
}

/** One of the runtime's own operators between orders of images. */
function reorder(g: Recorder, op: string, x: View, shape: readonly number[], attributes: Attributes): View {
  return g.op(op, [x], float32, shape, { domain: "com.microsoft.nchwc", attributes });
}

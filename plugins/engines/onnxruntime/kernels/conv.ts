/**
 * Convolutions and their gradients. ONNX Runtime computes with channels first, `[n, c, h, w]`; tfjs's tensors have
 * them last: inputs are transposed on the way in and results back, and what stands between two convolutions stays
 * as it is (see pointwise.ts).
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { formOf } from "../form.ts";
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import { sameShape, sizeOf, type View } from "../value.ts";
import { activated, type FusedAttrs } from "./activation.ts";

import { blockedConv, blockedInput, type Info } from "./blocked.ts";
import { blockedFilter } from "./blocked-filter.ts";
import { kernel } from "./kernel.ts";
import { pointwise } from "./pointwise.ts";
import { add, gemm } from "./products.ts";
import { reduced } from "./reduce.ts";
import { concat, flipped, pad, slice } from "./shape.ts";

const { float32 } = Elem;

interface ConvAttrs {
  readonly strides: number | [number, number];
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  readonly dataFormat?: "NHWC" | "NCHW";
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

type Shape4 = [number, number, number, number];

/** Registers them. */
export function registerConv(): void {
  kernel<ConvAttrs>("Conv2D", ({ g, input, attrs }) => {
    const [x, filter] = [input("x"), input("filter")];
    const info = infoOf(x.shape, filter.shape, attrs, false);
    return info && conv(g, ...cut(g, x, info), filter, false);
  });
  kernel<ConvAttrs>("DepthwiseConv2dNative", ({ g, input, attrs }) => {
    const [x, filter] = [input("x"), input("filter")];
    const info = infoOf(x.shape, filter.shape, attrs, true);
    return info && conv(g, ...cut(g, x, info), filter, true);
  });
  for (const [name, depthwise] of [
    ["FusedConv2D", false],
    ["FusedDepthwiseConv2D", true],
  ] as const) {
    kernel<ConvAttrs & FusedAttrs>(name, ({ g, input, optional, attrs }) => {
      const [x, filter] = [input("x"), input("filter")];
      const info = infoOf(x.shape, filter.shape, attrs, depthwise);
      if (info === undefined) return undefined;
      const y = conv(g, ...cut(g, x, info), filter, depthwise);
      const bias = optional("bias");
      return activated(
        g,
        bias === undefined ? y : add(g, y, bias),
        attrs,
        optional("preluActivationWeights"),
      );
    });
  }
  for (const [name, depthwise] of [
    ["Conv2DBackpropInput", false],
    ["DepthwiseConv2dNativeBackpropInput", true],
  ] as const) {
    kernel<ConvAttrs & { inputShape: Shape4 }>(name, ({ g, input, attrs }) => {
      const [dy, filter] = [input("dy"), input("filter")];
      const info = infoOf(attrs.inputShape, filter.shape, attrs, depthwise);
      if (info !== undefined && !sameShape(info.outShape, dy.shape)) return undefined;
      return info && wholeInput(g, dy, filter, info, depthwise);
    });
  }
  kernel<ConvAttrs & { filterShape: Shape4 }>("Conv2DBackpropFilter", ({ g, input, attrs }) => {
    const [x, dy] = [input("x"), input("dy")];
    const info = infoOf(x.shape, attrs.filterShape, attrs, false);
    return info && convFilter(g, ...cut(g, x, info), dy, attrs.filterShape);
  });
  kernel<ConvAttrs & { filterShape: Shape4 }>(
    "DepthwiseConv2dNativeBackpropFilter",
    ({ g, input, attrs }) => {
      const [x, dy] = [input("x"), input("dy")];
      const info = infoOf(x.shape, attrs.filterShape, attrs, true);
      return info && depthwiseFilter(g, ...cut(g, x, info), dy, attrs.filterShape);
    },
  );
}

function infoOf(
  x: readonly number[],
  filter: readonly number[],
  { strides, pad: padding, dataFormat, dilations, dimRoundingMode }: ConvAttrs,
  depthwise: boolean,
): Info | undefined {
  if (dataFormat === "NCHW") return undefined;
  return tf.backend_util.computeConv2DInfo(
    [...x] as Shape4,
    [...filter] as Shape4,
    strides,
    dilations ?? 1,
    padding,
    dimRoundingMode,
    depthwise,
  );
}

/** Channels first. */
export function channelsFirst(g: Recorder, x: View): View {
  return g.transpose(x, [0, 3, 1, 2]);
}

/** Channels last. */
export function channelsLast(g: Recorder, x: View): View {
  return g.transpose(x, [0, 2, 3, 1]);
}

/** Paddings with which the output has exactly the size that tfjs gives it, and what is then left over of the input. */
export function padsOf(info: Info): { pads: number[]; over: [number, number] } {
  const { top, left } = info.padInfo;
  const bottom = (info.outHeight - 1) * info.strideHeight + info.effectiveFilterHeight - info.inHeight - top;
  const right = (info.outWidth - 1) * info.strideWidth + info.effectiveFilterWidth - info.inWidth - left;
  return {
    pads: [top, left, Math.max(0, bottom), Math.max(0, right)],
    over: [Math.max(0, -bottom), Math.max(0, -right)],
  };
}

/**
 * Rows and columns at the far ends that no output sees, though another step would: of a filter or of strides that are not
 * square and a padding that is a number, tfjs reckons the width of the output as it does its height. 0 where there are none.
 */
export function unseen(info: Info): [rows: number, columns: number] {
  const [rows, columns] = padsOf(info).over;
  return [rows >= info.strideHeight ? rows : 0, columns >= info.strideWidth ? columns : 0];
}

/** An input without what no output sees of it, and what is to be computed then. */
function cut(g: Recorder, x: View, info: Info): [View, Info] {
  const [rows, columns] = unseen(info);
  if (rows + columns === 0) return [x, info];
  const [inHeight, inWidth] = [info.inHeight - rows, info.inWidth - columns];
  const inShape: Shape4 = [info.batchSize, inHeight, inWidth, info.inChannels];
  return [slice(g, x, [0, 0, 0, 0], inShape), { ...info, inHeight, inWidth, inShape }];
}

/** The gradient to an input, 0 where no output sees it. */
function wholeInput(g: Recorder, dy: View, filter: View, info: Info, depthwise: boolean): View {
  const [rows, columns] = unseen(info);
  const [inHeight, inWidth] = [info.inHeight - rows, info.inWidth - columns];
  const inShape: Shape4 = [info.batchSize, inHeight, inWidth, info.inChannels];
  const dx = convInput(g, dy, filter, { ...info, inHeight, inWidth, inShape }, inShape, depthwise);
  if (rows + columns === 0) return dx;
  return pad(
    g,
    dx,
    [
      [0, 0],
      [0, rows],
      [0, columns],
      [0, 0],
    ],
    0,
  );
}

const isPointwise = (info: Info): boolean =>
  info.filterHeight * info.filterWidth * info.strideHeight * info.strideWidth === 1 &&
  info.outHeight === info.inHeight &&
  info.outWidth === info.inWidth;

/** Weights as ONNX has them: `[out, in, h, w]`; depthwise `[out, 1, h, w]`. */
function weights(g: Recorder, filter: View, grouped: boolean): View {
  const [h, w, i, o] = filter.shape as Shape4;
  if (!grouped) return g.transpose(filter, [3, 2, 0, 1]);
  return g.reshape(g.transpose(filter, [2, 3, 0, 1]), [i * o, 1, h, w]);
}

function conv(g: Recorder, x: View, info: Info, filter: View, depthwise: boolean): View {
  if (x.value.zero || filter.value.zero) return g.zeros(float32, info.outShape);
  const group = depthwise ? info.inChannels : 1;
  const { pads } = padsOf(info);
  const blocked = depthwise ? undefined : blockedConv(g, x, filter, info, pads);
  if (blocked !== undefined) return blocked;
  if (!depthwise && isPointwise(info) && formOf(x) === undefined) {
    const rows = g.reshape(x, [sizeOf(x.shape) / info.inChannels, info.inChannels]);
    const product = gemm(g, rows, g.reshape(filter, [info.inChannels, info.outChannels]), false, false);
    return g.reshape(product, info.outShape);
  }
  const y = g.op(
    "Conv",
    [channelsFirst(g, x), weights(g, filter, depthwise)],
    float32,
    [info.batchSize, info.outChannels, info.outHeight, info.outWidth],
    {
      attributes: {
        kernel_shape: [info.filterHeight, info.filterWidth],
        strides: [info.strideHeight, info.strideWidth],
        dilations: [info.dilationHeight, info.dilationWidth],
        pads,
        group,
      },
    },
  );
  return channelsLast(g, y);
}

/** The gradient to the input: of a stride of 1 a convolution with the filter turned round, else a transposed one. */
function convInput(
  g: Recorder,
  dy: View,
  filter: View,
  info: Info,
  inputShape: Shape4,
  depthwise: boolean,
): View {
  if (dy.value.zero || filter.value.zero) return g.zeros(float32, inputShape);
  const group = depthwise ? info.inChannels : 1;
  const { pads, over } = padsOf(info);
  const [top, left] = pads as Shape4;
  const blocked = depthwise ? undefined : blockedInput(g, dy, filter, info, top, left);
  if (blocked !== undefined) return blocked;
  const kernel = [info.filterHeight, info.filterWidth];
  const dilations = [info.dilationHeight, info.dilationWidth];
  const shape = [info.batchSize, info.inChannels, info.inHeight, info.inWidth];
  if (!depthwise && isPointwise(info) && formOf(dy) === undefined) {
    const rows = g.reshape(dy, [sizeOf(dy.shape) / info.outChannels, info.outChannels]);
    const product = gemm(g, rows, g.reshape(filter, [info.inChannels, info.outChannels]), false, true);
    return g.reshape(product, inputShape);
  }
  const before = [info.effectiveFilterHeight - 1 - top, info.effectiveFilterWidth - 1 - left];
  const after = [
    info.inHeight - info.outHeight - before[0]! + info.effectiveFilterHeight - 1,
    info.inWidth - info.outWidth - before[1]! + info.effectiveFilterWidth - 1,
  ];
  const ahead = [...before, ...after];
  if (!depthwise && info.strideHeight === 1 && info.strideWidth === 1 && ahead.every((n) => n >= 0)) {
    const turned = g.transpose(flipped(g, filter, [0, 1]), [2, 3, 0, 1]); // [in, out, h, w]
    return channelsLast(
      g,
      g.op("Conv", [channelsFirst(g, dy), turned], float32, shape, {
        attributes: { kernel_shape: kernel, strides: [1, 1], dilations, pads: ahead, group: 1 },
      }),
    );
  }
  return channelsLast(
    g,
    g.op("ConvTranspose", [channelsFirst(g, dy), weights(g, filter, depthwise)], float32, shape, {
      attributes: {
        kernel_shape: kernel,
        strides: [info.strideHeight, info.strideWidth],
        dilations,
        pads,
        output_padding: over,
        group,
      },
    }),
  );
}

/** The part of x that each output saw through one cell of the filter, `[n, outHeight, outWidth, c]`. */
function seenThrough(g: Recorder, padded: View, info: Info, row: number, column: number): View {
  return slice(
    g,
    padded,
    [0, row * info.dilationHeight, column * info.dilationWidth, 0],
    [info.batchSize, info.outHeight, info.outWidth, info.inChannels],
    [1, info.strideHeight, info.strideWidth, 1],
  );
}

function framed(g: Recorder, x: View, info: Info): View {
  const [top, left, bottom, right] = padsOf(info).pads as Shape4;
  return pad(
    g,
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    0,
  );
}

/** Bytes that the gathered inputs of one product may take. */
const GATHERED = 2 ** 27;

/**
 * The gradient to the filter: what was seen through each of its cells times what came of it. Several cells are gathered
 * into one product, since ONNX Runtime computes few rows of a product at two thirds of the speed of many.
 */
function convFilter(g: Recorder, x: View, info: Info, dy: View, filterShape: Shape4): View {
  if (x.value.zero || dy.value.zero) return g.zeros(float32, filterShape);
  const blocked = blockedFilter(g, x, dy, info, padsOf(info).pads);
  if (blocked !== undefined) return blocked;
  const rows = info.batchSize * info.outHeight * info.outWidth;
  const flatDy = g.reshape(dy, [rows, info.outChannels]);
  const padded = framed(g, x, info);
  const cells: View[] = [];
  for (let r = 0; r < info.filterHeight; r++) {
    for (let c = 0; c < info.filterWidth; c++) cells.push(seenThrough(g, padded, info, r, c));
  }
  const together = Math.max(1, Math.floor(GATHERED / (rows * info.inChannels * 4)));
  const products: View[] = [];
  for (let at = 0; at < cells.length; at += together) {
    const some = cells.slice(at, at + together);
    const seen = g.reshape(concat(g, some, 3), [rows, some.length * info.inChannels]);
    products.push(gemm(g, seen, flatDy, true, false));
  }
  return g.reshape(concat(g, products, 0), filterShape);
}

function depthwiseFilter(g: Recorder, x: View, info: Info, dy: View, filterShape: Shape4): View {
  const [, , channels, multiplier] = filterShape;
  const padded = framed(g, x, info);
  const spread = [info.batchSize, info.outHeight, info.outWidth, channels];
  const given = g.reshape(dy, [...spread, multiplier]);
  const cells: View[] = [];
  for (let r = 0; r < info.filterHeight; r++) {
    for (let c = 0; c < info.filterWidth; c++) {
      const seen = g.reshape(seenThrough(g, padded, info, r, c), [...spread, 1]);
      const product = pointwise(g, "Mul", [seen, given], float32);
      cells.push(g.reshape(reduced(g, "ReduceSum", product, { axis: [0, 1, 2] }), [1, channels, multiplier]));
    }
  }
  return g.reshape(concat(g, cells, 0), filterShape);
}

/**
 * Pooling and its gradients, and batch normalisation.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import { sizeOf, type View } from "../value.ts";
import type { Info } from "./blocked.ts";
import { channelsFirst, channelsLast, padsOf, unseen } from "./conv.ts";
import { kernel } from "./kernel.ts";
import { pointwise } from "./pointwise.ts";

const { float32, int32, int64 } = Elem;

interface PoolAttrs {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** Registers them. */
export function registerPool(): void {
  kernel<PoolAttrs>("MaxPool", ({ g, input, attrs }) => {
    const x = input("x");
    const info = infoOf(x.shape, attrs);
    if (isNothing(info)) return x;
    if (x.value.elem !== float32 || outOfFrame(info)) return undefined;
    return channelsLast(g, g.op("MaxPool", [channelsFirst(g, x)], float32, outShape(info), options(info)));
  });
  kernel<PoolAttrs>("AvgPool", ({ g, input, attrs }) => {
    const x = g.cast(input("x"), float32);
    const info = infoOf(x.shape, attrs);
    if (isNothing(info)) return x;
    if (outOfFrame(info)) return undefined;
    const { attributes } = options(info);
    return channelsLast(
      g,
      g.op("AveragePool", [channelsFirst(g, x)], float32, outShape(info), {
        attributes: { ...attributes, count_include_pad: 0 },
      }),
    );
  });
  kernel<PoolAttrs>("MaxPoolGrad", ({ g, input, attrs }) => {
    const [x, dy] = [input("input"), input("dy")];
    const info = infoOf(x.shape, attrs);
    if (outOfFrame(info)) return undefined;
    const shape = outShape(info);
    const [, places] = g.ops(
      "MaxPool",
      [channelsFirst(g, x)],
      [
        { elem: float32, shape },
        { elem: int64, shape },
      ],
      options(info),
    ) as [View, View];
    const inner = [info.batchSize, info.inChannels, info.inHeight, info.inWidth];
    const size = sizeOf(inner);
    const zeros = g.op("Expand", [g.scalar(0, float32), g.ints([size])], float32, [size]);
    const flat = [
      zeros,
      g.reshape(places, [sizeOf(shape)]),
      g.reshape(channelsFirst(g, dy), [sizeOf(shape)]),
    ];
    const sums = g.op("ScatterElements", flat, float32, [size], {
      attributes: { axis: 0, reduction: "add" },
    });
    return channelsLast(g, contiguous(g, sums, inner));
  });
  kernel<PoolAttrs & { includeBatchInIndex: boolean }>("MaxPoolWithArgmax", ({ g, input, attrs }) => {
    const x = input("x");
    const info = infoOf(x.shape, attrs);
    if (x.value.elem !== float32 || outOfFrame(info)) return undefined;
    const shape = outShape(info);
    const [values, places] = g.ops(
      "MaxPool",
      [channelsFirst(g, x)],
      [
        { elem: float32, shape },
        { elem: int64, shape },
      ],
      options(info),
    ) as [View, View];
    // place ((n·C + c)·H·W + hw) of channels first is ((n·H·W + hw)·C + c) of channels last, or (hw·C + c)
    const { batchSize, inChannels: channels } = info;
    const size = info.inHeight * info.inWidth;
    const name = `argmax ${batchSize} ${channels} ${size} ${attrs.includeBatchInIndex}`;
    const offsets = g.named(name, int64, [batchSize, channels, 1, 1], () =>
      BigInt64Array.from({ length: batchSize * channels }, (_, i) => {
        const [n, c] = [Math.floor(i / channels), i % channels];
        return BigInt((attrs.includeBatchInIndex ? n * size * channels : 0) + c - i * size * channels);
      }),
    );
    const scaled = g.op("Mul", [places, g.scalar(channels, int64)], int64, shape);
    const moved = g.cast(g.op("Add", [scaled, offsets], int64, shape), int32);
    return [channelsLast(g, values), channelsLast(g, moved)];
  });
  kernel<PoolAttrs>("AvgPoolGrad", ({ g, input, attrs }) => {
    const [x, dy] = [input("input"), input("dy")];
    const info = infoOf(x.shape, attrs);
    if (outOfFrame(info)) return undefined;
    const { pads, over } = padsOf(info);
    const { attributes } = options(info);
    const { inChannels: c, filterHeight: h, filterWidth: w } = info;
    // tfjs divides by the whole window even where part of it was padding
    const share = pointwise(g, "Mul", [channelsFirst(g, dy), g.scalar(1 / (h * w), float32)], float32);
    const ones = g.expand(g.scalar(1, float32), [c, 1, h, w]);
    const inner = [info.batchSize, c, info.inHeight, info.inWidth];
    return channelsLast(
      g,
      g.op("ConvTranspose", [share, ones], float32, inner, {
        attributes: { ...attributes, pads, output_padding: over, group: c },
      }),
    );
  });
  kernel<{ varianceEpsilon: number }>("FusedBatchNorm", ({ g, input, optional, attrs }) => {
    const [x, mean, variance] = [input("x"), input("mean"), input("variance")];
    const [scale, offset] = [optional("scale"), optional("offset")];
    const two = (op: string, a: View, b: View): View => pointwise(g, op, [a, b], float32);
    const deviation = pointwise(
      g,
      "Sqrt",
      [two("Add", variance, g.scalar(attrs.varianceEpsilon ?? 0.001, float32))],
      float32,
    );
    const factor =
      scale === undefined ? pointwise(g, "Reciprocal", [deviation], float32) : two("Div", scale, deviation);
    const scaled = two("Mul", two("Sub", x, mean), factor);
    return offset === undefined ? scaled : two("Add", scaled, offset);
  });
}

function infoOf(x: readonly number[], attrs: PoolAttrs): Info {
  return tf.backend_util.computePool2DInfo(
    [...x] as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
}

const isNothing = (info: Info): boolean =>
  info.filterWidth === 1 && info.filterHeight === 1 && tf.util.arraysEqual(info.inShape, info.outShape);

/** ONNX wants paddings smaller than the window, and gives an output to all that a window fits into. */
function outOfFrame(info: Info): boolean {
  if (unseen(info).some((rows) => rows > 0)) return true;
  const [top, left, bottom, right] = padsOf(info).pads as [number, number, number, number];
  return Math.max(top, bottom) >= info.filterHeight || Math.max(left, right) >= info.filterWidth;
}

function outShape(info: Info): number[] {
  return [info.batchSize, info.outChannels, info.outHeight, info.outWidth];
}

function options(info: Info) {
  return {
    attributes: {
      kernel_shape: [info.filterHeight, info.filterWidth],
      strides: [info.strideHeight, info.strideWidth],
      dilations: [info.dilationHeight, info.dilationWidth],
      pads: padsOf(info).pads,
    },
  };
}

/** A reshape as a node of its own, so that what follows can be a transposition of it. */
function contiguous(g: Recorder, x: View, shape: readonly number[]): View {
  return g.op("Reshape", [x, g.ints(shape)], x.value.elem, shape);
}

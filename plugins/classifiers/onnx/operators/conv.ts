/**
 * Convolutions, and the transposed ones. Filters are turned into TensorFlow.js's order of axes once, when the file is
 * opened; dilated ones are written out with zeros between, since tfjs has no slope of the others.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { type Known, strided, stridesOf, transposed } from "../known.ts";
import { given, type OnnxNode, type Operator, type Operators } from "../node.ts";
import { channelsLast, laid, plain, shapeOf, type Value } from "../value.ts";
import { asImages, heightAndWidth, type Pads, type Pair, type Window, windowOf } from "./window.ts";

/** Filters of each group, `[height, width, …]`. */
type Filters = () => readonly tf.Tensor4D[];

const isNone = ({ top, left, bottom, right }: Pads): boolean => top + left + bottom + right === 0;

const explicit = ({ top, left, bottom, right }: Pads): tf.backend_util.ExplicitPadding => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

/** A filter `[a, b, height, width]` with zeros between its cells. */
function dilated(filter: Known, [down, across]: Pair): Known {
  if (down === 1 && across === 1) return filter;
  const [a, b, h, w] = filter.shape as [number, number, number, number];
  const shape = [a, b, down * (h - 1) + 1, across * (w - 1) + 1];
  const data = new Float32Array(shape.reduce((n, m) => n * m));
  const [, , row] = stridesOf(shape);
  filter.data.forEach((value, i) => {
    const [plane, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
    data[plane * shape[2]! * shape[3]! + y * down * row! + x * across] = value;
  });
  return { elem: filter.elem, shape, data };
}

/** Some of the first axis. */
function rows(filter: Known, from: number, size: number): Known {
  const strides = stridesOf(filter.shape);
  return strided(filter, filter.shape.with(0, size), strides, from * strides[0]!);
}

/** A filter of four axes, of those with one spatial axis given a height of 1. */
function fourAxes(filter: Known): Known {
  const [a, b, ...rest] = filter.shape as [number, number, ...number[]];
  return rest.length === 1 ? { ...filter, shape: [a, b, 1, rest[0]!] } : filter;
}

interface Weights {
  /** `[a, b, height, width]`, where it is known when the file is opened. */
  readonly known: Known | undefined;
  readonly group: number;
  readonly window: Window;
}

function weightsOf(node: OnnxNode): Weights {
  const constant = node.constant(1);
  const window = windowOf(node, constant?.shape.slice(2));
  const group = node.int("group", 1);
  if (constant === undefined && (group !== 1 || window.dilations.some((n) => n !== 1))) {
    node.fail("has a filter that the graph computes, with groups or dilations");
  }
  return { known: constant && dilated(fourAxes(constant), window.dilations), group, window };
}

/** The filters of a node; those that the graph computes are turned in each run. */
function filtersOf(
  node: OnnxNode,
  { known, group }: Weights,
  perm: readonly number[],
): (w: Value) => Filters {
  if (known === undefined) {
    return (w) => () => {
      const filter = plain(w);
      const four = filter.rank === 3 ? tf.expandDims(filter, 2) : filter;
      return [tf.transpose(four, [...perm]) as tf.Tensor4D];
    };
  }
  const each = known.shape[0]! / group;
  const kept = Array.from({ length: group }, (_, g) => {
    const part = group === 1 ? known : rows(known, g * each, each);
    return node.keep(transposed(part, perm)).tensor as tf.Tensor4D;
  });
  return () => () => kept;
}

/** Groups side by side: each of a part of the channels. */
function grouped(
  x: tf.Tensor4D,
  filters: readonly tf.Tensor4D[],
  f: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  if (filters.length === 1) return f(x, filters[0]!);
  const parts = tf.split(x, filters.length, 3);
  return tf.concat(
    parts.map((part, i) => f(part as tf.Tensor4D, filters[i]!)),
    3,
  );
}

const withBias = (y: tf.Tensor, bias: Value | undefined): tf.Tensor =>
  bias === undefined ? y : tf.add(y, plain(bias));

/** A filter for each channel: `[height, width, channels, multiplier]`. */
function depthwiseFilter(node: OnnxNode, known: Known, group: number): tf.Tensor4D {
  const [out, , h, w] = known.shape as [number, number, number, number];
  const split = { ...known, shape: [group, out / group, h, w] };
  return node.keep(transposed(split, [2, 3, 0, 1])).tensor as tf.Tensor4D;
}

const convolution: Operator = (node) => {
  const weights = weightsOf(node);
  const { known, group, window } = weights;
  const depthwise = known !== undefined && group > 1 && known.shape[1] === 1;
  const single = depthwise ? depthwiseFilter(node, known, group) : undefined;
  const filters = depthwise ? undefined : filtersOf(node, weights, [2, 3, 1, 0]); // [o, i, h, w]
  const strides = [...window.strides] as [number, number];
  return (inputs) => {
    const { images, restored } = asImages(given(inputs, 0));
    const x = channelsLast(images) as tf.Tensor4D;
    const pads = window.pads(heightAndWidth(images));
    const pad = isNone(pads) ? "valid" : explicit(pads);
    // the operator's type has no explicit padding, its kernels do
    const y =
      single !== undefined
        ? tf.depthwiseConv2d(x, single, strides, pad as "valid")
        : grouped(x, filters!(inputs[1]!)(), (part, filter) => tf.conv2d(part, filter, strides, pad));
    return restored(laid(withBias(y, inputs[2]), true));
  };
};

/** Size and paddings of what a transposed convolution makes. */
function enlarged(
  node: OnnxNode,
  { span, strides, pads }: Window,
): (image: Pair) => { out: Pair; pads: Pads } {
  const pair = (name: string): readonly number[] | undefined => {
    const found = node.ints(name);
    return found?.length === 1 ? [name === "output_shape" ? 1 : 0, found[0]!] : found;
  };
  const [more, asked] = [pair("output_padding") ?? [0, 0], pair("output_shape")];
  const auto = node.text("auto_pad", "NOTSET");
  const same = auto.startsWith("SAME");
  return (image) => {
    const full = [0, 1].map((i) => strides[i]! * (image[i]! - 1) + more[i]! + span[i]!) as [number, number];
    if (asked === undefined && !same) {
      const own = pads(image);
      const out: Pair = [full[0] - own.top - own.bottom, full[1] - own.left - own.right];
      return { out, pads: own };
    }
    const out = (asked?.slice(-2) ?? image.map((n, i) => n * strides[i]!)) as [number, number];
    const ends = [0, 1].map((i) => {
      const all = Math.max(0, full[i]! - out[i]!);
      const less = Math.floor(all / 2);
      return auto === "SAME_UPPER" ? [less, all - less] : [all - less, less];
    }) as [[number, number], [number, number]];
    return { out, pads: { top: ends[0][0], bottom: ends[0][1], left: ends[1][0], right: ends[1][1] } };
  };
}

const transposedConvolution: Operator = (node) => {
  const weights = weightsOf(node);
  const filters = filtersOf(node, weights, [2, 3, 1, 0]); // [i, o, h, w]: tfjs has outputs before inputs here
  const size = enlarged(node, weights.window);
  const strides = [...weights.window.strides] as [number, number];
  return (inputs) => {
    const { images, restored } = asImages(given(inputs, 0));
    const [n] = shapeOf(images) as [number];
    const { out, pads } = size(heightAndWidth(images));
    const pad = isNone(pads) ? "valid" : explicit(pads);
    const y = grouped(channelsLast(images) as tf.Tensor4D, filters(inputs[1]!)(), (part, filter) =>
      tf.conv2dTranspose(part, filter, [n, ...out, filter.shape[2]], strides, pad),
    );
    return restored(laid(withBias(y, inputs[2]), true));
  };
};

/** Convolutions. */
export const convolutions: Operators = { Conv: convolution, ConvTranspose: transposedConvolution };

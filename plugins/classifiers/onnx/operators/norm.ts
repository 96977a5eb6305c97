/**
 * Normalisations.
 *
 * @module
 */
import { sizeOf, tf } from "../../../../core/mod.ts";
import { given, type OnnxNode, type Operator, type Operators, scalar } from "../node.ts";
import { axisOf, channelsLast, isKnown, laid, rankOf, reshape, shapeOf, type Value } from "../value.ts";
import { add, div, mul, sqrt, sub } from "./pointwise.ts";
import { meanOver, reduce, spatial } from "./reduce.ts";

/** Numbers for each channel `[c]`, as they broadcast over `[n, c, …]`. */
const perChannel = (numbers: Value, rank: number): Value =>
  reshape(numbers, [sizeOf(shapeOf(numbers)), ...Array(Math.max(0, rank - 2)).fill(1)]);

/** (x − mean)·scale/√(variance + ε) + shift, with the statistics of training. */
const batchNorm: Operator = (node) => {
  if (node.int("training_mode", 0) === 1)
    node.fail("normalises by each batch: export the model in its mode of use");
  const epsilon = scalar(node.float("epsilon", 1e-5));
  const parts = [1, 2, 3, 4].map((i) => node.constant(i));
  const factorAndShift = (given: readonly Value[]): [Value, Value] => {
    const [scale, shift, mean, variance] = given as [Value, Value, Value, Value];
    const factor = div(scale, sqrt(add(variance, epsilon)));
    return [factor, sub(shift, mul(mean, factor))];
  };
  const kept = parts.every((part) => part !== undefined)
    ? factorAndShift(parts).map((value) => (isKnown(value) ? node.keep(value) : value))
    : undefined;
  return (inputs) => {
    const x = given(inputs, 0);
    const [factor, shift] = kept ?? factorAndShift([1, 2, 3, 4].map((i) => given(inputs, i)));
    const rank = rankOf(x);
    return add(mul(x, perChannel(factor!, rank)), perChannel(shift!, rank));
  };
};

/** (x − mean)/√(variance + ε) over axes. */
function normalised(x: Value, axes: readonly number[], epsilon: number): Value {
  const centred = sub(x, meanOver(x, axes));
  return div(centred, sqrt(add(meanOver(mul(centred, centred), axes), scalar(epsilon))));
}

const instanceNorm: Operator = (node) => {
  const epsilon = node.float("epsilon", 1e-5);
  return (inputs) => {
    const x = given(inputs, 0);
    const y = normalised(x, spatial(x), epsilon);
    const [scale, shift] = [given(inputs, 1), given(inputs, 2)].map((part) => perChannel(part, rankOf(x)));
    return add(mul(y, scale!), shift!);
  };
};

/** Axes from one on. */
const from = (axis: number, rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).slice(axisOf(axis, rank));

const onlyFirst = (node: OnnxNode): void => {
  if (node.outputs > 1) node.fail("gives its statistics, which isn't supported");
};

const layerNorm: Operator = (node) => {
  onlyFirst(node);
  const [axis, epsilon] = [node.int("axis", -1), node.float("epsilon", 1e-5)];
  return (inputs) => {
    const x = given(inputs, 0);
    const y = mul(normalised(x, from(axis, rankOf(x)), epsilon), given(inputs, 1));
    return inputs[2] === undefined ? y : add(y, inputs[2]);
  };
};

const rmsNorm: Operator = (node) => {
  const [axis, epsilon] = [node.int("axis", -1), node.float("epsilon", 1e-5)];
  return (inputs) => {
    const x = given(inputs, 0);
    const square = meanOver(mul(x, x), from(axis, rankOf(x)));
    return mul(div(x, sqrt(add(square, scalar(epsilon)))), given(inputs, 1));
  };
};

/** Groups of channels; before version 21 with a scale and a shift for each group, since then for each channel. */
const groupNorm: Operator = (node) => {
  const groups = node.int("num_groups", 1);
  const epsilon = node.float("epsilon", 1e-5);
  return (inputs) => {
    const x = given(inputs, 0);
    const shape = shapeOf(x);
    const [n, c] = shape as [number, number];
    const y = normalised(reshape(x, [n, groups, sizeOf(shape) / (n * groups)]), [2], epsilon);
    const [scale, shift] = [given(inputs, 1), given(inputs, 2)];
    const whole = (value: Value): Value => reshape(value, shape);
    if (sizeOf(shapeOf(scale)) !== c) return whole(add(mul(y, perChannel(scale, 3)), perChannel(shift, 3)));
    return add(mul(whole(y), perChannel(scale, shape.length)), perChannel(shift, shape.length));
  };
};

/**
 * Each pixel over a power of what its neighbouring channels hold: a product with a matrix of ones along the diagonal.
 * A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012.
 */
const localResponse: Operator = (node) => {
  const size = node.int("size", 1);
  const [alpha, beta] = [node.float("alpha", 1e-4), node.float("beta", 0.75)];
  const bias = node.float("bias", 1);
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  return (inputs) => {
    const x = channelsLast(given(inputs, 0));
    const c = x.shape[3]!;
    const near = Float32Array.from({ length: c * c }, (_, i) => {
      const off = Math.floor(i / c) - (i % c); // row: the neighbour, column: the channel
      return Number(off >= -before && off <= after);
    });
    const squares = tf.reshape(tf.square(x), [-1, c]) as tf.Tensor2D;
    const sums = tf.reshape(tf.matMul(squares, tf.tensor2d(near, [c, c])), x.shape);
    const scale = tf.exp(tf.mul(-beta, tf.log(tf.add(bias, tf.mul(alpha / size, sums)))));
    return laid(tf.mul(x, scale), true);
  };
};

/** x over its length along an axis. */
const lpNorm: Operator = (node) => {
  const [axis, p] = [node.int("axis", -1), node.int("p", 2)];
  const length = (x: tf.Tensor, axes: number[]): tf.Tensor =>
    p === 1 ? tf.sum(tf.abs(x), axes, true) : tf.sqrt(tf.sum(tf.square(x), axes, true));
  return (inputs) => {
    const x = given(inputs, 0);
    return div(x, reduce(x, [axisOf(axis, rankOf(x))], { f: length }));
  };
};

/** Normalisations. */
export const normalisations: Operators = {
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
  LayerNormalization: layerNorm,
  RMSNormalization: rmsNorm,
  GroupNormalization: groupNorm,
  LRN: localResponse,
  LpNormalization: lpNorm,
};

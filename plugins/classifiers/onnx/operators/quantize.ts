/**
 * Quantised numbers, as whole ones with a scale. Rounding has no slope: where values in flight are quantised, slopes pass
 * straight through, as far as values are within the range (Y. Bengio, N. Léonard, A. Courville, "Estimating or
 * propagating gradients through stochastic neurons for conditional computation", arXiv:1308.3432).
 *
 * @module
 */
import { sizeOf, tf } from "../../../../core/mod.ts";
import { Elem } from "../elem.ts";
import { zipped } from "../known.ts";
import { given, type Inputs, type OnnxNode, type Operator, type Operators, scalar } from "../node.ts";
import { axisOf, isKnown, rankOf, reshape, shapeOf, together, type Value } from "../value.ts";
import { add, mul, sub } from "./pointwise.ts";

const RANGES: Readonly<Record<number, readonly [number, number]>> = {
  [Elem.int8]: [-128, 127],
  [Elem.uint8]: [0, 255],
  [Elem.int16]: [-32768, 32767],
  [Elem.uint16]: [0, 65535],
};

/** Scales or zero points for an axis, as they broadcast. */
function aligned(node: OnnxNode, numbers: Value, rank: number): Value {
  const size = sizeOf(shapeOf(numbers));
  if (size === 1) return reshape(numbers, []);
  if (rankOf(numbers) > 1) return node.fail("has scales for blocks, which isn't supported");
  const axis = axisOf(node.int("axis", 1), rank);
  return reshape(numbers, Array(rank).fill(1).with(axis, size));
}

/** A value as real numbers. */
export const real = (x: Value): Value => (isKnown(x) ? zipped(Elem.float, (v) => v, x) : x);

function partsOf(node: OnnxNode, inputs: Inputs): { x: Value; scale: Value; zero: Value } {
  const x = given(inputs, 0);
  const rank = rankOf(x);
  const zero = inputs[2] === undefined ? scalar(0) : real(inputs[2]);
  return { x, scale: aligned(node, given(inputs, 1), rank), zero: aligned(node, zero, rank) };
}

/** (x − zero)·scale. */
const dequantize: Operator = (node) => (inputs) => {
  const { x, scale, zero } = partsOf(node, inputs);
  return mul(sub(real(x), zero), scale);
};

/** round(x/scale) + zero, held in the range of the zero point's type; kept as single floats. */
const quantize: Operator = (node) => {
  const known = node.constant(2);
  const elem = known?.elem ?? (node.int("output_dtype", 0) || Elem.uint8);
  const [low, high] = RANGES[elem] ?? node.fail(`quantises to elements of type ${elem}`);
  return (inputs) => {
    const { x, scale } = partsOf(node, inputs);
    const zero = aligned(node, known === undefined ? scalar(0) : real(known), rankOf(x));
    const steps = together([x, scale], (v, s) => straightRound(tf.div(v!, s!)));
    return together([add(steps, zero)], (v) => tf.clipByValue(v!, low, high));
  };
};

/** Rounded values whose slope is 1. */
export const straightRound = tf.customGrad((x) => ({
  value: tf.round(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => dy,
}));

/** Quantised numbers. */
export const quantisation: Operators = { DequantizeLinear: dequantize, QuantizeLinear: quantize };

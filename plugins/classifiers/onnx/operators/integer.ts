/**
 * Products and convolutions of whole numbers, and what they are quantised by in flight, as dynamic quantisation writes
 * them. Whole numbers are kept as single floats; sums of more than 2²⁴ are rounded, which is far less than a step.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { Elem } from "../elem.ts";
import { type Known, zipped } from "../known.ts";
import { given, type Inputs, type OnnxNode, type Operator, type Operators, scalar } from "../node.ts";
import { isKnown, laid, plain, rankOf, reshape, shapeOf, together, type Value } from "../value.ts";
import { convolutions } from "./conv.ts";
import { product } from "./matmul.ts";
import { sub } from "./pointwise.ts";
import { real, straightRound } from "./quantize.ts";

const [LOW, HIGH] = [0, 255];

/** A value that counts as fixed where slopes are taken. */
const fixed = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));

/**
 * Values as whole numbers from 0 to 255 with the scale and the zero that their own range asks for: that of each row, as if
 * it were alone, so that no image depends on others beside it. Slopes pass straight through, as if scale and zero were given.
 */
const dynamicQuantize: Operator = () => (inputs) => {
  const x = given(inputs, 0);
  const values = isKnown(x) ? laid(plain(x)) : x;
  const axes = values.tensor.shape.map((_, axis) => axis).slice(values.tensor.rank > 1 ? 1 : 0);
  const low = fixed(tf.minimum(0, tf.min(values.tensor, axes, axes.length < values.tensor.rank)));
  const high = fixed(tf.maximum(0, tf.max(values.tensor, axes, axes.length < values.tensor.rank)));
  const width = tf.sub(high, low);
  const scale = tf.where(tf.equal(width, 0), 1, tf.div(width, HIGH - LOW));
  const zero = tf.round(tf.clipByValue(tf.div(tf.neg(low), scale), LOW, HIGH));
  const steps = tf.add(straightRound(tf.div(values.tensor, scale)), zero);
  return [tf.clipByValue(steps, LOW, HIGH), scale, zero].map((part) =>
    laid(part, values.last && part.rank === 4),
  );
};

/** A zero point as it broadcasts along one axis; 0 where there is none. */
function zeroOf(inputs: Inputs, at: number, rank: number, axis: number): Value {
  const zero = inputs[at];
  if (zero === undefined) return scalar(0);
  if (rankOf(zero) === rank) return real(zero); // one for each row
  const size = shapeOf(zero).reduce((n, m) => n * m, 1);
  return reshape(real(zero), size === 1 ? [] : Array(rank).fill(1).with(axis, size));
}

/** Known weights without their zero point, as floats. */
function weightsOf(node: OnnxNode, zeroAt: number, axis: (rank: number) => number): Known | undefined {
  const weights = node.constant(1);
  const zero = node.constant(zeroAt);
  if (weights === undefined || (zero === undefined && node.inputs > zeroAt)) return undefined;
  const rank = weights.shape.length;
  const shift = zero === undefined ? scalar(0) : zeroOf([zero], 0, rank, axis(rank));
  return zipped(Elem.float, (w, z) => w - z, weights, shift as Known);
}

/** (a − its zero)·(b − its zero): a zero for each row of a, for each column of b. */
const matMulInteger: Operator = (node) => {
  const known = weightsOf(node, 3, (rank) => rank - 1);
  const kept = known && node.keep(known);
  return (inputs) => {
    const a = given(inputs, 0);
    const rows = sub(real(a), zeroOf(inputs, 2, rankOf(a), Math.max(0, rankOf(a) - 2)));
    if (kept !== undefined) return laid(product(plain(rows), kept.tensor));
    const b = given(inputs, 1);
    return laid(product(plain(rows), plain(sub(real(b), zeroOf(inputs, 3, rankOf(b), rankOf(b) - 1)))));
  };
};

/** A convolution of (x − its zero) with (w − its zero); what is padded is 0 after that. */
const convInteger: Operator = (node) => {
  const known = weightsOf(node, 3, () => 0) ?? node.fail("has a filter that the graph computes");
  const run = convolutions.Conv!({ ...node, constant: (at) => (at === 1 ? known : undefined) });
  return (inputs) => {
    const x = given(inputs, 0);
    const moved = together([real(x), zeroOf(inputs, 2, rankOf(x), 0)], tf.sub as typeof tf.add);
    return run([moved, inputs[1]]);
  };
};

/** Arithmetic of whole numbers. */
export const integers: Operators = {
  DynamicQuantizeLinear: dynamicQuantize,
  MatMulInteger: matMulInteger,
  ConvInteger: convInteger,
};

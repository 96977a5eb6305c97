/**
 * Products of matrices.
 *
 * @module
 */
import { sizeOf, tf } from "../../../../core/mod.ts";
import { broadcastShape } from "../known.ts";
import { given, type Operator, type Operators, scalar } from "../node.ts";
import { laid, plain, type Value } from "../value.ts";
import { einsum } from "./einsum.ts";
import { add, mul } from "./pointwise.ts";

/** a·b as numpy's matmul has it: axes before the last two broadcast, vectors are rows on the left, columns on the right. */
export function product(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (a.rank === 1) return dropped(product(tf.expandDims(a, 0), b), -2);
  if (b.rank === 1) return dropped(product(a, tf.expandDims(b, 1)), -1);
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const [same, columns] = b.shape.slice(-2) as [number, number];
  if (inner !== same) throw new Error(`[${a.shape}] × [${b.shape}]`);
  const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  if (sizeOf(right) === 1 && b.rank <= a.rank) {
    const flat = tf.matMul(tf.reshape(a, [-1, inner]), tf.reshape(b, [inner, columns]));
    return tf.reshape(flat, [...left, rows, columns]);
  }
  // tfjs broadcasts too, but its slope then has the broadcast shape
  const outer = broadcastShape(left, right);
  const stacked = (x: tf.Tensor): tf.Tensor3D => {
    const to = [...outer, ...x.shape.slice(-2)];
    const same = to.length === x.rank && to.every((n, i) => n === x.shape[i]);
    const spread = same ? x : tf.broadcastTo(x, to);
    return tf.reshape(spread, [sizeOf(outer), ...(x.shape.slice(-2) as [number, number])]);
  };
  return tf.reshape(tf.matMul(stacked(a), stacked(b)), [...outer, rows, columns]);
}

function dropped(x: tf.Tensor, axis: number): tf.Tensor {
  return tf.squeeze(x, [axis + x.rank]);
}

/** α·A·B + β·C, where A and B may be transposed. */
const gemm: Operator = (node) => {
  const [alpha, beta] = [node.float("alpha", 1), node.float("beta", 1)];
  const [turnA, turnB] = [node.int("transA", 0) === 1, node.int("transB", 0) === 1];
  return (inputs) => {
    const [a, b, c] = [plain(given(inputs, 0)), plain(given(inputs, 1)), inputs[2]];
    const y = laid(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, turnA, turnB));
    const scaled = (value: Value, factor: number): Value =>
      factor === 1 ? value : mul(value, scalar(factor));
    return c === undefined ? scaled(y, alpha) : add(scaled(y, alpha), scaled(c, beta));
  };
};

/** Products of matrices. */
export const products: Operators = {
  MatMul: () => (inputs) => laid(product(plain(given(inputs, 0)), plain(given(inputs, 1)))),
  Gemm: gemm,
  Einsum: einsum,
};

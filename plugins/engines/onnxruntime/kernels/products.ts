/**
 * Matrix products and what goes into them: biases, and sums of products.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { formOf } from "../form.ts";
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import { sameShape, sizeOf, type View } from "../value.ts";
import { pointwise } from "./pointwise.ts";
import { concat } from "./shape.ts";

/** Which factors are transposed, in their last two axes. */
export interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** `a·b`, batched and broadcast, either factor transposed in its last two axes. */
export function matMul(g: Recorder, a: View, b: View, { transposeA, transposeB }: Transposes): View {
  const { elem } = a.value;
  const [inner, other] = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)];
  if (a.shape.length < 2 || b.shape.length < 2 || inner !== other) {
    const side = (shape: readonly number[], t: boolean): string => `[${shape}]${t ? " transposed" : ""}`;
    throw new Error(
      `inner sizes ${inner} and ${other} of ${side(a.shape, transposeA)} and ${side(b.shape, transposeB)} differ`,
    );
  }
  const m = a.shape.at(transposeA ? -1 : -2)!;
  const n = b.shape.at(transposeB ? -2 : -1)!;
  const batch = tf.backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, m, n];
  if (a.value.zero || b.value.zero) return g.zeros(elem === Elem.float32 ? elem : Elem.int32, shape);
  if (elem !== Elem.float32) {
    const [left, right] = [g.cast(a, Elem.int32), g.cast(b, Elem.int32)];
    return g.op(
      "MatMul",
      [transposeA ? swapped(g, left) : left, transposeB ? swapped(g, right) : right],
      Elem.int32,
      shape,
    );
  }
  if (
    sizeOf(a.shape) === a.shape.at(-1)! * a.shape.at(-2)! &&
    sizeOf(b.shape) === b.shape.at(-1)! * b.shape.at(-2)!
  ) {
    const flat = (x: View): View => g.reshape(x, x.shape.slice(-2));
    return g.reshape(gemm(g, flat(a), flat(b), transposeA, transposeB), shape);
  }
  if (!transposeA && sizeOf(b.shape) === b.shape.at(-1)! * b.shape.at(-2)!) {
    // one matrix on the right of all: the rows of the batch are rows of one product
    const rows = g.reshape(a, [sizeOf(a.shape) / a.shape.at(-1)!, a.shape.at(-1)!]);
    return g.reshape(gemm(g, rows, g.reshape(b, b.shape.slice(-2)), false, transposeB), shape);
  }
  if (!transposeA && !transposeB) return g.op("MatMul", [a, b], elem, shape);
  return g.op("FusedMatMul", [a, b], elem, shape, {
    domain: "com.microsoft",
    attributes: { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: 1 } },
  });
}

/** a + b; the bias of a matrix product goes into the product. */
export function add(g: Recorder, a: View, b: View): View {
  return (
    withBias(g, a, b) ??
    withBias(g, b, a) ??
    sumOfProducts(g, a, b) ??
    pointwise(g, "Add", [a, b], a.value.elem)
  );
}

/** The product of two matrices. */
export function gemm(g: Recorder, a: View, b: View, transA: boolean, transB: boolean, bias?: View): View {
  const shape = [a.shape[transA ? 1 : 0]!, b.shape[transB ? 0 : 1]!];
  return g.op("Gemm", bias === undefined ? [a, b] : [a, b, bias], Elem.float32, shape, {
    attributes: { transA: transA ? 1 : 0, transB: transB ? 1 : 0 },
  });
}

/** product + bias as one node, where that is what they are. */
function withBias(g: Recorder, product: View, bias: View): View | undefined {
  const units = product.shape.at(-1)!;
  if (bias.shape.at(-1) !== units || sizeOf(bias.shape) !== units) return undefined;
  if (bias.shape.length > product.shape.length) return undefined;
  const form = formOf(product);
  const { value, shape } = form?.from ?? product;
  const { node } = value;
  if (node?.inputs.length !== 2) return undefined;
  const biased = (): View => {
    const { op, inputs, domain, attributes } = node;
    const added = g.op(op, [...inputs, g.reshape(bias, [units])], value.elem, value.shape, {
      domain,
      attributes,
    });
    return { value: added.value, shape };
  };
  if (form === undefined) return node.op === "Gemm" && value.shape[1] === units ? biased() : undefined;
  const convolution = node.op === "Conv" || node.op === "ConvTranspose";
  return convolution && product.shape.length === 4 && value.shape[1] === units
    ? g.formed({ ...form, from: biased() })
    : undefined;
}

/**
 * aᵀ·b + cᵀ·d as one product, of a on c and of b on d: what a weight's gradient is when it is used on several batches.
 * Undefined where that isn't what the terms are, or where they are large beside what comes of them.
 */
function sumOfProducts(g: Recorder, x: View, y: View): View | undefined {
  const factors = [x, y].map(({ value, shape }) => {
    const { node } = value;
    if (node?.op !== "Gemm" || node.inputs.length !== 2 || !sameShape(shape, value.shape)) return undefined;
    return node.attributes.transA === 1 && node.attributes.transB === 0
      ? (node.inputs as [View, View])
      : undefined;
  });
  const [one, other] = factors;
  if (one === undefined || other === undefined || !sameShape(x.shape, y.shape)) return undefined;
  const size = [...one, ...other].reduce((sum, factor) => sum + sizeOf(factor.shape), 0);
  if (size > sizeOf(x.shape)) return undefined;
  return gemm(g, concat(g, [one[0], other[0]], 0), concat(g, [one[1], other[1]], 0), true, false);
}

function swapped(g: Recorder, x: View): View {
  const perm = x.shape.map((_, axis) => axis);
  perm.push(perm.splice(-2, 1)[0]!);
  return g.transpose(x, perm);
}

/**
 * Nodes that treat every element alike, with broadcasting.
 *
 * Where an input has the form of something else (convolutions compute with channels first, tfjs keeps them last), the
 * node is recorded on what it is a form of, and the result given that form: most such rearrangements then meet their
 * inverse further on, and none is ever run.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { axesOf, formOf, inverseOf } from "../form.ts";
import type { Elem } from "../model.ts";
import type { NodeOptions, Recorder } from "../recorder.ts";
import { type Form, sameShape, type View } from "../value.ts";

/** Shape of what several broadcast shapes make together. */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  let shape: number[] = [];
  for (const other of shapes) shape = tf.backend_util.assertAndGetBroadcastShape(shape, [...other]);
  return shape;
}

/** One node on every element of the inputs. */
export function pointwise(
  g: Recorder,
  op: string,
  inputs: readonly View[],
  elem: Elem,
  options?: NodeOptions,
): View {
  let shape: readonly number[] = inputs[0]!.shape;
  for (let i = 1; i < inputs.length; i++) {
    if (!sameShape(inputs[i]!.shape, shape)) shape = broadcast(shape, inputs[i]!.shape);
  }
  const zero = inputs.some((x) => x.value.zero) ? withZeros(g, op, inputs, elem, shape) : undefined;
  if (zero !== undefined) return zero;
  const form =
    shape.length > 2
      ? inputs.map((x) => (sameShape(x.shape, shape) ? formOf(x) : undefined)).find((f) => f !== undefined)
      : undefined;
  if (form === undefined) return apart(g, op, inputs, elem, shape, options);
  const before = inputs.map((x) => (x.shape.length === 0 ? x : undone(g, x, form)));
  return g.formed({ ...form, from: g.op(op, before, elem, form.from.shape, options) });
}

/**
 * One node on inputs in the order that they are in. Where they are spread over each other, a last axis of size 1 has ONNX Runtime go
 * from element to element, sixty times slower than along an axis: it is left out.
 */
function apart(
  g: Recorder,
  op: string,
  inputs: readonly View[],
  elem: Elem,
  shape: readonly number[],
  options: NodeOptions | undefined,
): View {
  const rank = shape.findLastIndex((n) => n !== 1) + 1;
  const isSpread = inputs.some((x) => !sameShape(x.shape, shape));
  if (!isSpread || rank === 0 || rank === shape.length) return g.op(op, inputs, elem, shape, options);
  const left = shape.length - rank;
  const short = inputs.map((x) => g.reshape(x, x.shape.slice(0, Math.max(0, x.shape.length - left))));
  return g.reshape(g.op(op, short, elem, shape.slice(0, rank), options), shape);
}

/** x, which has a form's shape or is spread over it, in the order from which the form was made. */
function undone(g: Recorder, x: View, { from, perm, parts, shape }: Form): View {
  const full = [...new Array<number>(shape.length - x.shape.length).fill(1), ...x.shape];
  const axes = axesOf({ from, perm, parts, shape });
  const sizes = full.map((n, i) => axes[i]!.map((axis) => (n === 1 ? 1 : from.shape[axis]!)));
  return g.rearrange(g.reshape(x, full), sizes, inverseOf(perm));
}

/**
 * What an operator makes of inputs known to be zero, where that needs no node. A factor of zero makes the product
 * zero, infinities and NaN in the other factor notwithstanding.
 */
function withZeros(
  g: Recorder,
  op: string,
  inputs: readonly View[],
  elem: Elem,
  shape: readonly number[],
): View | undefined {
  const [a, b] = inputs as [View, View];
  if (op === "Mul" || (op === "Div" && a.value.zero) || op === "Neg") return g.zeros(elem, shape);
  if (op === "Add" && a.value.zero && sameShape(b.shape, shape)) return b;
  if ((op === "Add" || op === "Sub") && b?.value.zero && sameShape(a.shape, shape)) return a;
  return undefined;
}

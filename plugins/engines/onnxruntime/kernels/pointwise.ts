/**
 * Nodes that treat every element alike, with broadcasting.
 *
 * Where an input is a transposed form of something (convolutions compute with channels first, tfjs keeps them last),
 * the node is recorded on what lies before the transposition, and the result transposed instead: most such
 * transpositions then meet their inverse further on, and none is ever run.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import type { Elem } from "../model.ts";
import { type NodeOptions, type Recorder, usable } from "../recorder.ts";
import { sameShape, type View } from "../value.ts";

/** Shape of what several broadcast shapes make together. */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  return shapes.reduce<number[]>((a, b) => tf.backend_util.assertAndGetBroadcastShape([...a], [...b]), []);
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
  const lead =
    shape.length > 2 ? inputs.find((x) => sameShape(x.shape, shape) && transposedForm(x)) : undefined;
  if (lead === undefined) return g.op(op, inputs, elem, shape, options);
  const { value, perm } = lead.value.source!;
  const inverse = inverseOf(perm);
  const moved = inputs.map((x) => {
    if (x.shape.length === 0) return x;
    const full = [...new Array<number>(shape.length - x.shape.length).fill(1), ...x.shape];
    return g.transpose(g.reshape(x, full), inverse);
  });
  return g.transpose(g.op(op, moved, elem, value.shape, options), perm);
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

/** Whether a view is the transposed form of a value that is still there. */
export function transposedForm(x: View): boolean {
  return x.value.source !== undefined && sameShape(x.shape, x.value.shape) && usable(x.value.source.value);
}

/** The permutation that undoes one. */
export function inverseOf(perm: readonly number[]): number[] {
  const inverse = new Array<number>(perm.length);
  perm.forEach((axis, i) => {
    inverse[axis] = i;
  });
  return inverse;
}

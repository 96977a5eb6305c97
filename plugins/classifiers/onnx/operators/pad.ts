/**
 * Padding.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { filled } from "../known.ts";
import { given, type Inputs, numbersOf, type OnnxNode, type Operator, type Operators } from "../node.ts";
import { axisOf, concat, isKnown, laid, placeOf, rankOf, shapeOf, slice, type Value } from "../value.ts";
import { part, wholeOf } from "./shape.ts";

/** Elements put before and after those of an axis; negative ones take some away. */
interface Edge {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

function edgesOf(node: OnnxNode, inputs: Inputs, rank: number): Edge[] {
  const old = node.opset < 11;
  const pads = (old ? node.ints("pads") : numbersOf(given(inputs, 1), "pads")) ?? [];
  const axes = inputs[3] === undefined ? [...Array(rank).keys()] : numbersOf(inputs[3], "axes");
  return axes.map((axis, i) => ({
    axis: axisOf(axis, rank),
    before: pads[i]!,
    after: pads[i + axes.length]!,
  }));
}

/** What stands before or after an axis of n elements, by mode: as a slice of it. */
const BORDERS: Readonly<Record<string, (x: Value, axis: number, count: number, front: boolean) => Value>> = {
  reflect(x, axis, count, front) {
    const n = shapeOf(x)[axis]!;
    const cut = { begin: front ? count : n - 2, size: count, step: -1 };
    return slice(x, wholeOf(shapeOf(x)).with(axis, cut));
  },
  edge(x, axis, count, front) {
    const one = part(x, axis, front ? 0 : shapeOf(x)[axis]! - 1, 1);
    return concat(Array<Value>(count).fill(one), axis);
  },
  wrap: (x, axis, count, front) => part(x, axis, front ? shapeOf(x)[axis]! - count : 0, count),
};

const pad: Operator = (node) => {
  const mode = node.text("mode", "constant");
  const border = BORDERS[mode];
  if (border === undefined && mode !== "constant") node.fail(`has the mode "${mode}"`);
  return (inputs) => {
    const x = given(inputs, 0);
    const edges = edgesOf(node, inputs, rankOf(x));
    const cut = edges.reduce<Value>((y, { axis, before, after }) => {
      const [less, end] = [Math.max(0, -before), Math.max(0, -after)];
      return less + end === 0 ? y : part(y, axis, less, shapeOf(y)[axis]! - less - end);
    }, x);
    if (border === undefined) return withConstant(cut, edges, constantOf(node, inputs));
    return edges.reduce<Value>((y, { axis, before, after }) => {
      const parts = [
        ...(before > 0 ? [border(y, axis, before, true)] : []),
        y,
        ...(after > 0 ? [border(y, axis, after, false)] : []),
      ];
      return concat(parts, axis);
    }, cut);
  };
};

const constantOf = (node: OnnxNode, inputs: Inputs): number =>
  inputs[2] === undefined ? node.float("value", 0) : (numbersOf(inputs[2], "a padding")[0] ?? 0);

function withConstant(x: Value, edges: readonly Edge[], value: number): Value {
  if (isKnown(x)) {
    return edges.reduce<Value>((y, { axis, before, after }) => {
      const block = (size: number): Value => filled(x.elem, shapeOf(y).with(axis, size), value);
      return concat([block(Math.max(0, before)), y, block(Math.max(0, after))], axis);
    }, x);
  }
  const paddings = x.tensor.shape.map(() => [0, 0] as [number, number]);
  for (const { axis, before, after } of edges) {
    paddings[placeOf(x, axis)] = [Math.max(0, before), Math.max(0, after)];
  }
  if (paddings.every(([before, after]) => before + after === 0)) return x;
  return laid(tf.pad(x.tensor, paddings, value), x.last);
}

/** Padding. */
export const paddings: Operators = { Pad: pad };

/**
 * Kernels that reduce axes.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { axesOf, formOf } from "../form.ts";
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import { sizeOf, type View } from "../value.ts";
import { kernel } from "./kernel.ts";
import { log, unlessNaN, whereNaN } from "./nan.ts";
import { pointwise } from "./pointwise.ts";
import { gemm } from "./products.ts";

interface ReduceAttrs {
  readonly axis?: number | number[];
  /** What tfjs calls the axes of Max. */
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}

const { float32, int32, int64, bool } = Elem;

/** Registers them. */
export function registerReduce(): void {
  const sums: Readonly<Record<string, string>> = { Sum: "ReduceSum", Prod: "ReduceProd" };
  for (const [name, op] of Object.entries(sums)) {
    kernel<ReduceAttrs>(name, ({ g, input, attrs }) => {
      const x = input("x");
      if (x.value.elem === float32) return reduced(g, op, x, attrs);
      // int64 has room for what overflows int32 and then wraps round; in int32 ONNX Runtime would stop at the largest
      return g.cast(reduced(g, op, g.cast(x, int64), attrs), int32);
    });
  }
  const extremes: Readonly<Record<string, string>> = { Max: "ReduceMax", Min: "ReduceMin" };
  for (const [name, op] of Object.entries(extremes)) {
    kernel<ReduceAttrs>(name, ({ g, input, attrs }) => {
      const x = input("x");
      if (x.value.elem !== bool) return reduced(g, op, x, attrs);
      return g.cast(reduced(g, op, g.cast(x, int32), attrs), bool);
    });
  }
  kernel<ReduceAttrs>("Mean", ({ g, input, attrs }) =>
    reduced(g, "ReduceMean", g.cast(input("x"), float32), attrs),
  );
  const tests: Readonly<Record<string, string>> = { All: "ReduceMin", Any: "ReduceMax" };
  for (const [name, op] of Object.entries(tests)) {
    kernel<ReduceAttrs>(name, ({ g, input, attrs }) =>
      g.cast(reduced(g, op, g.cast(g.cast(input("x"), bool), int32), attrs), bool),
    );
  }
  for (const name of ["ArgMax", "ArgMin"]) {
    kernel<ReduceAttrs>(name, ({ g, input, attrs }) => {
      const x = input("x");
      const [axis] = tf.util.parseAxisParam(attrs.axis!, [...x.shape]);
      if (axis === undefined) return undefined;
      const numbers = x.value.elem === float32 ? withoutNaN(g, x, name === "ArgMax") : g.cast(x, int32);
      const shape = x.shape.filter((_, i) => i !== axis);
      return g.cast(g.op(name, [numbers], int64, shape, { attributes: { axis, keepdims: 0 } }), int32);
    });
  }
  kernel<{ axis: number; exclusive: boolean; reverse: boolean }>("Cumsum", ({ g, input, attrs }) => {
    const x = input("x");
    const numbers = x.value.elem === bool ? g.cast(x, int32) : x;
    const [axis] = tf.util.parseAxisParam(attrs.axis, [...x.shape]);
    return g.op("CumSum", [numbers, g.scalar(axis!, int64)], numbers.value.elem, x.shape, {
      attributes: { exclusive: attrs.exclusive ? 1 : 0, reverse: attrs.reverse ? 1 : 0 },
    });
  });
  kernel<{ k: number; sorted: boolean }>("TopK", ({ g, input, attrs }) => {
    const x = input("x");
    if (x.value.elem === bool || attrs.k === 0 || x.shape.length === 0) return undefined;
    const shape = [...x.shape.slice(0, -1), attrs.k];
    const [values, indices] = g.ops(
      "TopK",
      [x, g.ints([attrs.k])],
      [
        { elem: x.value.elem, shape },
        { elem: int64, shape },
      ],
      { attributes: { axis: -1, largest: 1, sorted: 1 } },
    ) as [View, View];
    return [values, g.cast(indices, int32)];
  });
  kernel<{ dim: number }>("Softmax", ({ g, input, attrs }) =>
    softmax(g, "Softmax", input("logits"), attrs.dim),
  );
  kernel<{ axis: number }>("LogSoftmax", ({ g, input, attrs }) =>
    softmax(g, "LogSoftmax", input("logits"), attrs.axis),
  );
}

/** NaN never counts as the extreme. */
function withoutNaN(g: Recorder, x: View, max: boolean): View {
  const nan = whereNaN(g, x);
  return pointwise(g, "Where", [nan, g.scalar(max ? -Infinity : Infinity, float32), x], float32);
}

function softmax(g: Recorder, op: string, logits: View, dim: number): View | undefined {
  const x = g.cast(logits, float32);
  if (x.shape.length === 0) return undefined;
  const axis = dim < 0 ? dim + x.shape.length : dim;
  if (g.dialect.shaders) return softmaxOf(g, op, x, axis);
  return g.op(op, [x], float32, x.shape, { attributes: { axis } });
}

/** The same in parts: a shader's own loses NaN, and has no logarithm. */
function softmaxOf(g: Recorder, op: string, x: View, axis: number): View {
  const over = { axis, keepDims: true };
  const below = pointwise(g, "Sub", [x, reduced(g, "ReduceMax", x, over)], float32);
  const powers = unlessNaN(g, below, pointwise(g, "Exp", [below], float32));
  const sum = reduced(g, "ReduceSum", powers, over);
  if (op === "Softmax") return pointwise(g, "Div", [powers, sum], float32);
  return pointwise(g, "Sub", [below, log(g, sum)], float32);
}

/** One reduction over the axes that tfjs names; all of them where it names none. */
export function reduced(
  g: Recorder,
  op: string,
  x: View,
  { axis, reductionIndices, keepDims }: ReduceAttrs,
): View {
  const axes = tf.util.parseAxisParam((axis ?? reductionIndices)!, [...x.shape]).toSorted((a, b) => a - b);
  const shape = x.shape.filter((_, i) => !axes.includes(i));
  const shown = keepDims ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n)) : shape;
  if (axes.every((i) => x.shape[i] === 1)) return g.reshape(x, shown);
  if (x.value.zero && (op === "ReduceSum" || op === "ReduceMean")) return g.zeros(x.value.elem, shown);
  const from = beforeForm(x, axes) ?? { x, axes };
  const leading = from.axes.every((axis) => axis < from.axes.length);
  if (op === "ReduceSum" && x.value.elem === float32 && leading) {
    // over leading axes, as a product with a row of ones: a third of the time
    const columns = sizeOf(shape);
    const rows = sizeOf(x.shape) / columns;
    if (columns >= 8 && rows <= MAX_ONES) {
      const ones = g.named(`ones ${rows}`, float32, [1, rows], () => new Float32Array(rows).fill(1));
      return g.reshape(gemm(g, ones, g.reshape(from.x, [rows, columns]), false, false), shown);
    }
  }
  return g.reshape(inRuns(g, op, from.x, from.axes), shown);
}

/** Neighbouring axes at a time, the last first: a loop over axes with gaps between them is many times slower. */
function inRuns(g: Recorder, op: string, x: View, axes: readonly number[]): View {
  const from = axes.findLastIndex((axis, i) => i === 0 || axis !== axes[i - 1]! + 1);
  const run = axes.slice(from);
  const shape = x.shape.filter((_, axis) => !run.includes(axis));
  const out = g.op(op, [x, g.ints(run)], x.value.elem, shape, { attributes: { keepdims: 0 } });
  return from === 0 ? out : inRuns(g, op, out, axes.slice(0, from));
}

/** Longest row of ones that is worth its place in the model. */
const MAX_ONES = 2 ** 17;

/** The same reduction of what x is a form of, if that leaves the remaining axes in order. */
function beforeForm(x: View, axes: readonly number[]): { x: View; axes: number[] } | undefined {
  const form = formOf(x);
  if (form === undefined) return undefined;
  const moved = axesOf(form)
    .filter((_, axis) => axes.includes(axis))
    .flat();
  const remaining = form.perm.filter((axis) => !moved.includes(axis));
  if (!remaining.every((axis, i) => i === 0 || axis > remaining[i - 1]!)) return undefined;
  return { x: form.from, axes: moved.sort((a, b) => a - b) };
}

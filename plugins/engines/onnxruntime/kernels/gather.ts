/**
 * Kernels that read or write at places given by a tensor.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import { sizeOf, type View } from "../value.ts";
import { kernel } from "./kernel.ts";

const { int32, int64, bool } = Elem;

/** Registers them. */
export function registerGather(): void {
  kernel<{ axis: number; batchDims: number }>("GatherV2", ({ g, input, attrs }) => {
    const [x, indices] = [input("x"), g.cast(input("indices"), int32)];
    const [axis] = tf.util.parseAxisParam(attrs.axis, [...x.shape]) as [number];
    const batch = attrs.batchDims < 0 ? attrs.batchDims + indices.shape.length : (attrs.batchDims ?? 0);
    if (batch > 0) return undefined;
    const n = x.shape[axis]!;
    const known = indices.value.data as Int32Array | undefined; // for a check alone: the next call may have others
    const beyond = known?.find((i) => i < 0 || i >= n);
    if (beyond !== undefined) {
      throw new Error(`the index value ${beyond} is not in [0, ${n - 1}] (axis ${axis})`);
    }
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return g.op("Gather", [x, indices], x.value.elem, shape, { attributes: { axis } });
  });
  kernel("GatherNd", ({ g, input }) => {
    const [params, indices] = [input("params"), input("indices")];
    const depth = indices.shape.at(-1)!;
    if (indices.shape.length === 0 || depth > params.shape.length) return undefined;
    const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
    return g.op("GatherND", [params, long(g, indices)], params.value.elem, shape);
  });
  kernel<{ shape: number[] }>("ScatterNd", ({ g, input, attrs }) => {
    const [indices, updates] = [input("indices"), input("updates")];
    if (updates.value.elem === bool || sizeOf(attrs.shape) === 0) return undefined;
    const { elem } = updates.value;
    const zeros = g.expand(g.scalar(0, elem), attrs.shape);
    return scattered(g, zeros, indices, updates, "add");
  });
  kernel("TensorScatterUpdate", ({ g, input }) => {
    const [tensor, indices, updates] = [input("tensor"), input("indices"), input("updates")];
    return scattered(g, tensor, indices, updates, "none");
  });
  kernel<{ numSegments: number }>("UnsortedSegmentSum", ({ g, input, attrs }) => {
    const [x, ids] = [input("x"), input("segmentIds")];
    const { elem } = x.value;
    if (elem === bool || attrs.numSegments === 0 || ids.shape.length !== 1) return undefined;
    // as a product with the ids' indicator: ids out of range are left out, as tfjs has it
    const n = ids.shape[0]!;
    const segments = g.named(`0..${attrs.numSegments}`, int32, [attrs.numSegments, 1], () =>
      Int32Array.from({ length: attrs.numSegments }, (_, i) => i),
    );
    const member = g.op("Equal", [segments, g.reshape(g.cast(ids, int32), [1, n])], bool, [
      attrs.numSegments,
      n,
    ]);
    const inner = sizeOf(x.shape) / n;
    const sums = g.op("MatMul", [g.cast(member, elem), g.reshape(x, [n, inner])], elem, [
      attrs.numSegments,
      inner,
    ]);
    return g.reshape(sums, [attrs.numSegments, ...x.shape.slice(1)]);
  });
}

function long(g: Recorder, x: View): View {
  return g.cast(x, int64);
}

/** Slices of `updates` put into `base` at `indices`; with `add`, on top of what is there and of each other. */
function scattered(g: Recorder, base: View, indices: View, updates: View, reduction: "add" | "none"): View {
  // a list of indices without a last axis is one of places along the first
  const depth = indices.shape.length > 1 ? indices.shape.at(-1)! : 1;
  const places = sizeOf(indices.shape) / depth;
  const inputs = [
    base,
    g.reshape(long(g, indices), [places, depth]),
    g.reshape(updates, [places, ...base.shape.slice(depth)]),
  ];
  return g.op("ScatterND", inputs, base.value.elem, base.shape, { attributes: { reduction } });
}

/**
 * Kernels that move elements about.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import type { OnnxBackend } from "../backend.ts";
import { BACKEND } from "../backend.ts";
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import { newValue, sameShape, sizeOf, type Value, type View } from "../value.ts";
import { grouped } from "../vectors.ts";
import { kernel } from "./kernel.ts";

/** Registers them. */
export function registerShape(): void {
  sharing("Identity", "x", ({ shape }) => shape);
  sharing("Reshape", "x", (x, { shape }) => {
    const to = tf.util.inferFromImplicitShape(shape as number[], tf.util.sizeFromShape(x.shape));
    tf.util.assert(
      tf.util.sizeFromShape(x.shape) === tf.util.sizeFromShape(to),
      () => `cannot reshape [${x.shape}] to [${to}]: the sizes differ`,
    );
    return to;
  });
  sharing("ExpandDims", "input", ({ shape }, { dim }) => {
    const at = dim as number;
    tf.util.assert(
      at <= shape.length && at >= -shape.length - 1,
      () => `ExpandDims: axis ${at} is not in [-${shape.length + 1}, ${shape.length}] for shape [${shape}]`,
    );
    return shape.toSpliced(at < 0 ? shape.length + at + 1 : at, 0, 1);
  });
  kernel<{ perm: number[] }>("Transpose", ({ g, input, attrs }) => g.transpose(input("x"), attrs.perm));
  kernel<{ shape: number[] }>("BroadcastTo", ({ g, input, attrs }) => {
    const x = input("x");
    return sizeOf(attrs.shape) === 0 ? undefined : g.expand(x, attrs.shape);
  });
  kernel<{ axis: number }>("Concat", ({ g, list, attrs }) => {
    const [axis] = tf.util.parseAxisParam(attrs.axis, [...list[0]!.shape]);
    tf.backend_util.assertParamsConsistent(
      list.map(({ shape }) => [...shape]),
      axis!,
    );
    return concat(g, list, axis!);
  });
  kernel<{ axis: number }>("Pack", ({ g, list, attrs }) => {
    const { axis } = attrs;
    for (const { value, shape } of list) {
      tf.util.assertShapesMatch([...shape], [...list[0]!.shape], "All tensors passed to stack must match: ");
      tf.util.assert(
        value.elem === list[0]!.value.elem,
        () => "All tensors passed to stack must have matching dtypes",
      );
    }
    return concat(
      g,
      list.map((x) => g.reshape(x, x.shape.toSpliced(axis, 0, 1))),
      axis,
    );
  });
  kernel<{ axis: number }>("Unpack", ({ g, input, attrs }) => {
    const x = input("value");
    const axis = attrs.axis < 0 ? attrs.axis + x.shape.length : attrs.axis;
    const parts = split(g, x, new Array<number>(x.shape[axis]!).fill(1), axis);
    return parts.map((part) => g.reshape(part, x.shape.toSpliced(axis, 1)));
  });
  kernel<{ numOrSizeSplits: number | number[]; axis: number }>("SplitV", ({ g, input, attrs }) => {
    const x = input("x");
    const [axis] = tf.util.parseAxisParam(attrs.axis, [...x.shape]);
    const sizes = tf.backend_util.prepareSplitSize(
      { shape: [...x.shape] } as tf.Tensor,
      attrs.numOrSizeSplits,
      axis,
    );
    return sizes.includes(0) ? undefined : split(g, x, sizes, axis!);
  });
  kernel<{ begin: number | number[]; size: number | number[] }>("Slice", ({ g, input, attrs, backend }) => {
    const x = input("x");
    const [begin, size] = tf.slice_util.parseSliceParams(
      { shape: [...x.shape] } as tf.TensorInfo,
      attrs.begin,
      attrs.size,
    ) as [number[], number[]];
    tf.slice_util.assertParamsValid({ shape: [...x.shape] } as tf.TensorInfo, begin, size);
    return size.includes(0) ? undefined : (windowOf(backend, x, begin, size) ?? slice(g, x, begin, size));
  });
  kernel<Strided>("StridedSlice", ({ g, input, attrs }) => {
    const x = input("x");
    const info = tf.slice_util.sliceInfo(
      [...x.shape],
      attrs.begin,
      attrs.end,
      attrs.strides,
      attrs.beginMask,
      attrs.endMask,
      attrs.ellipsisMask,
      attrs.newAxisMask,
      attrs.shrinkAxisMask,
    );
    if (info.finalShape.includes(0) || info.finalShapeSparse.includes(0)) return undefined;
    const dense = info.begin.map((from, i) => {
      const stride = info.strides[i]!;
      return Math.ceil((info.end[i]! - from) / stride);
    });
    if (dense.some((n) => n <= 0)) return undefined;
    return g.reshape(slice(g, x, info.begin, dense, info.strides), info.finalShape);
  });
  kernel<{ paddings: [number, number][]; constantValue: number }>("PadV2", ({ g, input, attrs }) =>
    pad(g, input("x"), attrs.paddings, attrs.constantValue),
  );
  kernel<{ paddings: [number, number][]; mode: "reflect" | "symmetric" }>(
    "MirrorPad",
    ({ g, input, attrs }) => {
      const edge = attrs.mode === "reflect" ? 0 : 1;
      return attrs.paddings.reduce((x, [before, after], axis) => {
        if (before === 0 && after === 0) return x;
        const n = x.shape[axis]!;
        const mirrored = (i: number): number => (i < 0 ? -i - edge : i >= n ? 2 * (n - 1) - i + edge : i);
        const rows = Int32Array.from({ length: before + n + after }, (_, i) => mirrored(i - before));
        const shape = x.shape.with(axis, rows.length);
        const indices = g.constant(rows, Elem.int32, [rows.length]);
        return g.op("Gather", [x, indices], x.value.elem, shape, { attributes: { axis } });
      }, input("x"));
    },
  );
  kernel<{ reps: number[] }>("Tile", ({ g, input, attrs }) => {
    const x = input("x");
    const shape = x.shape.map((n, i) => n * attrs.reps[i]!);
    if (shape.includes(0)) return undefined;
    return sameShape(shape, x.shape) ? x : g.op("Tile", [x, g.ints(attrs.reps)], x.value.elem, shape);
  });
  kernel<{ dims: number | number[] }>("Reverse", ({ g, input, attrs }) => {
    const x = input("x");
    const dims = tf.util.parseAxisParam(attrs.dims, [...x.shape]);
    return x.shape.length === 0 ? x : flipped(g, x, dims);
  });
  kernel<{ blockSize: number; dataFormat: string }>("DepthToSpace", ({ g, input, attrs }) => {
    if (attrs.dataFormat !== "NHWC") return undefined;
    const x = input("x");
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const b = attrs.blockSize;
    const blocks = g.transpose(g.reshape(x, [n, h, w, b, b, c / (b * b)]), [0, 1, 3, 2, 4, 5]);
    return g.reshape(blocks, [n, h * b, w * b, c / (b * b)]);
  });
  kernel<{ blockShape: number[]; paddings: [number, number][] }>("SpaceToBatchND", ({ g, input, attrs }) => {
    const x = input("x");
    const { blockShape } = attrs;
    const rest = x.shape.slice(1 + blockShape.length).map((): [number, number] => [0, 0]);
    const padded = pad(g, x, [[0, 0], ...attrs.paddings, ...rest], 0);
    const blocks = blockShape.reduce((a, b) => a * b, 1);
    const split6 = tf.backend_util.getReshaped([...padded.shape], blockShape, blocks, false);
    const perm = tf.backend_util.getPermuted(split6.length, blockShape.length, false);
    const shape = tf.backend_util.getReshapedPermuted([...padded.shape], blockShape, blocks, false);
    return g.reshape(g.transpose(g.reshape(padded, split6), perm), shape);
  });
  kernel<{ blockShape: number[]; crops: number[][] }>("BatchToSpaceND", ({ g, input, attrs }) => {
    const x = input("x");
    const { blockShape, crops } = attrs;
    const blocks = blockShape.reduce((a, b) => a * b, 1);
    const split6 = tf.backend_util.getReshaped([...x.shape], blockShape, blocks);
    const perm = tf.backend_util.getPermuted(split6.length, blockShape.length);
    const shape = tf.backend_util.getReshapedPermuted([...x.shape], blockShape, blocks);
    const begin = tf.backend_util.getSliceBeginCoords(crops, blockShape.length);
    const size = tf.backend_util.getSliceSize(shape, crops, blockShape.length);
    const whole = g.reshape(g.transpose(g.reshape(x, split6), perm), shape);
    const full = (given: number[], fill: (axis: number) => number): number[] =>
      shape.map((_, axis) => given[axis] ?? fill(axis));
    return slice(
      g,
      whole,
      full(begin, () => 0),
      full(size, (axis) => shape[axis]!),
    );
  });
}

interface Strided {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

/** A kernel whose output is its input's data, under another shape at most. */
function sharing(
  kernelName: string,
  input: string,
  shapeOf: (x: tf.TensorInfo, attrs: Record<string, unknown>) => number[],
): void {
  tf.registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc({ inputs, attrs, backend }) {
      const x = (inputs as tf.NamedTensorInfoMap)[input]!;
      const shape = shapeOf(x, attrs ?? {});
      if (x.dtype === "complex64") {
        const { real, imag } = (backend as OnnxBackend).partsOf(x);
        (backend as OnnxBackend).incRef(real.dataId);
        (backend as OnnxBackend).incRef(imag.dataId);
        return (backend as OnnxBackend).complex({ ...real, shape }, { ...imag, shape });
      }
      (backend as OnnxBackend).incRef(x.dataId);
      return { dataId: x.dataId, shape, dtype: x.dtype };
    },
  });
}

/** Parts along an axis joined. */
export function concat(g: Recorder, parts: readonly View[], axis: number): View {
  const full = parts.filter((x) => sizeOf(x.shape) > 0);
  if (full.length === 1) return full[0]!;
  const shape = full[0]!.shape.with(
    axis,
    full.reduce((sum, x) => sum + x.shape[axis]!, 0),
  );
  return g.op("Concat", full, full[0]!.value.elem, shape, { attributes: { axis } });
}

/** Parts of the given sizes along an axis; parts of parts where a node may not have so many outputs. */
function split(g: Recorder, x: View, sizes: readonly number[], axis: number): View[] {
  if (sizes.length === 1) return [x];
  if (sizes.length > g.dialect.outputs) {
    const groups = grouped(sizes, g.dialect.outputs);
    const sums = groups.map((group) => group.reduce((a, b) => a + b));
    return split(g, x, sums, axis).flatMap((part, i) => split(g, part, groups[i]!, axis));
  }
  const outputs = sizes.map((n) => ({ elem: x.value.elem, shape: x.shape.with(axis, n) }));
  return g.ops("Split", [x, g.ints(sizes)], outputs, { attributes: { axis } });
}

/** A block of x. */
export function slice(
  g: Recorder,
  x: View,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[] = begin.map(() => 1),
): View {
  const axes = begin
    .map((_, axis) => axis)
    .filter((axis) => begin[axis] !== 0 || size[axis] !== x.shape[axis] || strides[axis] !== 1);
  if (axes.length === 0) return x;
  if (g.dialect.shaders) {
    const backwards = axes.filter((axis) => strides[axis]! < 0);
    const isPart = (axis: number): boolean => size[axis] !== x.shape[axis] || strides[axis] !== -1;
    if (backwards.some(isPart)) return partBackwards(g, x, begin, size, strides);
  }
  const end = (axis: number): number => {
    const past = begin[axis]! + size[axis]! * strides[axis]!;
    return past < 0 ? -x.shape[axis]! - 1 : Math.min(past, x.shape[axis]!);
  };
  return g.op(
    "Slice",
    [
      x,
      g.ints(axes.map((axis) => begin[axis]!)),
      g.ints(axes.map(end)),
      g.ints(axes),
      g.ints(axes.map((axis) => strides[axis]!)),
    ],
    x.value.elem,
    size,
  );
}

/** A block of x that is taken backwards: the same places forwards, then turned round. */
function partBackwards(
  g: Recorder,
  x: View,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[],
): View {
  const backwards = strides.flatMap((stride, axis) => (stride < 0 ? [axis] : []));
  const first = begin.map((from, axis) =>
    strides[axis]! < 0 ? from + (size[axis]! - 1) * strides[axis]! : from,
  );
  return flipped(g, slice(g, x, first, size, strides.map(Math.abs)), backwards);
}

/** x backwards along some axes. */
export function flipped(g: Recorder, x: View, axes: readonly number[]): View {
  const begin = x.shape.map((n, axis) => (axes.includes(axis) ? n - 1 : 0));
  const strides = x.shape.map((_, axis) => (axes.includes(axis) ? -1 : 1));
  return slice(g, x, begin, x.shape, strides);
}

/** x within a frame of one value. */
export function pad(
  g: Recorder,
  x: View,
  paddings: readonly (readonly [number, number])[],
  constant: number,
): View {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((n, axis) => n + paddings[axis]![0] + paddings[axis]![1]);
  const pads = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
  return g.op("Pad", [x, g.ints(pads), g.scalar(constant, x.value.elem)], x.value.elem, shape, {
    attributes: { mode: "constant" },
  });
}

/** A block of known values that lies in one piece: no node, no copy, and no new structure for each place. */
function windowOf(backend: OnnxBackend, x: View, begin: number[], size: number[]): View | undefined {
  const data = backend.known(x);
  if (data === undefined || x.value.constant !== undefined) return undefined;
  const first = size.findIndex((n) => n !== 1);
  const tail = first < 0 ? size.length : first + 1;
  for (let axis = tail; axis < size.length; axis++) if (size[axis] !== x.shape[axis]) return undefined;
  let offset = 0;
  begin.forEach((at, axis) => {
    offset = offset * x.shape[axis]! + at;
  });
  x.value.owned = false; // the block lies in its buffer
  const value: Value = newValue(x.value.elem, size, { data: data.subarray(offset, offset + sizeOf(size)) });
  return { value, shape: size };
}

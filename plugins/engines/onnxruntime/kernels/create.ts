/**
 * Kernels that make tensors of nothing, and complex numbers' parts.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { BACKEND, type OnnxBackend } from "../backend.ts";
import { Elem } from "../model.ts";
import { elemOf, newValue, sizeOf, type View } from "../value.ts";
import { kernel } from "./kernel.ts";

/** Registers them. */
export function registerCreate(): void {
  kernel("ZerosLike", ({ g, input }) => g.zeros(input("x").value.elem, input("x").shape));
  kernel("OnesLike", ({ g, input }) => g.expand(g.scalar(1, input("x").value.elem), input("x").shape));
  kernel<{ shape: number[]; value: number | string; dtype?: tf.DataType }>("Fill", ({ g, attrs }) => {
    const dtype = attrs.dtype ?? tf.util.inferDtype(attrs.value);
    if (dtype === "string" || dtype === "complex64" || sizeOf(attrs.shape) === 0) return undefined;
    return g.expand(g.scalar(attrs.value as number, elemOf(dtype)), attrs.shape);
  });
  kernel<{ start: number; stop: number; step: number; dtype?: "float32" | "int32" }>("Range", ({ attrs }) => {
    const { start, stop, step, dtype = "float32" } = attrs;
    if (start === stop || (start < stop && step < 0) || (stop < start && step > 1)) return undefined;
    const length = Math.abs(Math.ceil((stop - start) / (start > stop && step === 1 ? -1 : step)));
    const by = stop < start && step === 1 ? -1 : step;
    // each number is the one before it plus the step, in the tensor's own type, as in tfjs
    const data = dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
    data[0] = start;
    for (let i = 1; i < length; i++) data[i] = data[i - 1]! + by;
    return known(data, [length]);
  });
  kernel<{ start: number; stop: number; num: number }>("LinSpace", ({ attrs }) => {
    const { start, stop, num } = attrs;
    if (num === 0) return undefined;
    const step = (stop - start) / (num - 1);
    const data = new Float32Array(num);
    data[0] = start;
    for (let i = 1; i < num; i++) data[i] = data[i - 1]! + step;
    return known(data, [num]);
  });
  kernel<{ depth: number; onValue: number; offValue: number; dtype: tf.DataType }>(
    "OneHot",
    ({ g, input, attrs }) => {
      const indices = g.cast(input("indices"), Elem.int32);
      const { depth, onValue, offValue } = attrs;
      if (depth === 0) return undefined;
      const elem = elemOf(attrs.dtype ?? "int32");
      const classes = g.named(`0..${depth}`, Elem.int32, [depth], () =>
        Int32Array.from({ length: depth }, (_, i) => i),
      );
      const shape = [...indices.shape, depth];
      const hot = g.op("Equal", [g.reshape(indices, [...indices.shape, 1]), classes], Elem.bool, shape);
      if (onValue === 1 && offValue === 0) return g.cast(hot, elem);
      if (elem === Elem.bool) return undefined;
      return g.op("Where", [hot, g.scalar(onValue, elem), g.scalar(offValue, elem)], elem, shape);
    },
  );
  registerComplex();
}

function known(data: Float32Array | Int32Array, shape: readonly number[]): View {
  const elem = data instanceof Float32Array ? Elem.float32 : Elem.int32;
  return { value: newValue(elem, shape, { data }), shape };
}

/** A complex tensor is the pair of its parts. */
function registerComplex(): void {
  const share = (backend: OnnxBackend, x: tf.TensorInfo): tf.TensorInfo => {
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
  tf.registerKernel({
    kernelName: "Complex",
    backendName: BACKEND,
    kernelFunc({ inputs, backend }) {
      const onnx = backend as OnnxBackend;
      const { real, imag } = inputs as tf.NamedTensorInfoMap;
      return onnx.complex(onnx.tensor(onnx.view(real!)), onnx.tensor(onnx.view(imag!)));
    },
  });
  for (const part of ["Real", "Imag"] as const) {
    tf.registerKernel({
      kernelName: part,
      backendName: BACKEND,
      kernelFunc({ inputs, backend }) {
        const { input } = inputs as tf.NamedTensorInfoMap;
        const parts = (backend as OnnxBackend).partsOf(input!);
        const out = share(backend as OnnxBackend, part === "Real" ? parts.real : parts.imag);
        return { ...out, shape: input!.shape };
      },
    });
  }
}

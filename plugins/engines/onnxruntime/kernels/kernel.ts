/**
 * How kernels are written: a function of views that records nodes, registered under tfjs's name for it.
 *
 * @module
 */
import { messageOf, tf } from "../../../../core/mod.ts";
import { borrowed, noteBorrowing } from "../../borrow.ts";
import { BACKEND, type OnnxBackend } from "../backend.ts";
import type { Recorder } from "../recorder.ts";
import type { View } from "../value.ts";

/** What a kernel is called with. */
export interface Call<A = unknown> {
  readonly g: Recorder;
  readonly attrs: A;
  /** An input by tfjs's name for it. */
  input(name: string): View;
  /** An input that may be left out. */
  optional(name: string): View | undefined;
  /** All inputs, for kernels that take a list. */
  readonly list: readonly View[];
  readonly backend: OnnxBackend;
}

/** Records a kernel; undefined means that this case has no ONNX form. */
export type KernelBody<A> = (call: Call<A>) => View | View[] | undefined;

/** Registers a kernel. Strings, complex numbers, empty tensors and cases it declines go to tfjs's `cpu` kernel. */
export function kernel<A = unknown>(kernelName: string, body: KernelBody<A>): void {
  const fallback = borrowed(kernelName);
  tf.registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc(params) {
      const backend = params.backend as OnnxBackend;
      const inputs = params.inputs as Record<string, tf.TensorInfo | undefined>;
      backend.begin(kernelName);
      const all = Object.values(inputs).filter((x) => x !== undefined && x !== null) as tf.TensorInfo[];
      let out: View | View[] | undefined;
      const recordable = all.every(simple);
      if (recordable) {
        out = named(kernelName, all, () =>
          body({
            g: backend.recorder,
            attrs: params.attrs as A,
            input: (name) => backend.view(inputs[name]!),
            optional: (name) => (inputs[name] ? backend.view(inputs[name]) : undefined),
            get list() {
              return all.map((x) => backend.view(x));
            },
            backend,
          }),
        );
      }
      if (out === undefined) {
        if (recordable) noteBorrowing(BACKEND, kernelName);
        return named(kernelName, all, () => fallback(params));
      }
      return Array.isArray(out) ? out.map((view) => backend.tensor(view)) : backend.tensor(out);
    },
  });
}

/** Has what is thrown say which kernel it was, and on what shapes. */
function named<T>(kernelName: string, inputs: readonly tf.TensorInfo[], f: () => T): T {
  try {
    return f();
  } catch (error) {
    const shapes = inputs.map(({ shape }) => `[${shape}]`).join(" ");
    throw new Error(`${kernelName}: ${messageOf(error)} (given ${shapes})`, { cause: error });
  }
}

function simple({ dtype, shape }: tf.TensorInfo): boolean {
  return dtype !== "string" && dtype !== "complex64" && !shape.includes(0);
}

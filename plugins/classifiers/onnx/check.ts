/**
 * Whether a graph computes here what ONNX Runtime makes of the same file.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { InputError, messageOf } from "../../../core/mod.ts";
import { pathOf } from "../parts/read.ts";
import { Elem, half, halfBits } from "./elem.ts";
import type { Port } from "./file.ts";

/** Inputs of a file, row by row, and what is made of them. */
export interface Batch {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** What runs a file. */
export interface Reference {
  /** The value of an output. */
  run(x: Batch, output: string): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Largest difference, as a share of the largest output, or of 1 if that is more. */
export const TOLERANCE = 1e-3;
/** The same where the file computes with halves, or quantises: a value at the edge of a step may fall on either side. */
export const COARSE_TOLERANCE = 5e-2;

type OnnxRuntime = typeof import("onnxruntime-node");

/**
 * Opens a file by ONNX Runtime.
 * @param bytes of the file, with the outputs that are to be compared; undefined where the file itself will do
 * @param isRare whether it has numbers that ONNX Runtime has few operators for: doubles, bfloat16
 * @returns the reference, or a sentence that says why there is none
 * @throws InputError where ONNX Runtime refuses the file
 */
export async function referenceOf(
  location: URL,
  bytes: Uint8Array | undefined,
  port: Port,
  isRare: boolean,
): Promise<Reference | string> {
  let runtime: OnnxRuntime;
  try {
    runtime = await import("onnxruntime-node");
  } catch (cause) {
    return `onnxruntime-node does not load (${messageOf(cause)})`;
  }
  const tensorOf = inputsOf(runtime, port);
  // as the file has it: optimised, it takes a padding of zeros for part of a max pooling, which ignores it
  const options: InferenceSession.SessionOptions = {
    ...{ intraOpNumThreads: 1, logSeverityLevel: 4 },
    graphOptimizationLevel: "disabled",
  };
  let session: InferenceSession;
  try {
    session =
      bytes === undefined
        ? await runtime.InferenceSession.create(fileURLToPath(location), options)
        : await runtime.InferenceSession.create(bytes, options);
  } catch (cause) {
    if (isRare)
      return `ONNX Runtime does not run it (${messageOf(cause)}); here it is computed in single floats`;
    throw new InputError(`${pathOf(location)}: ONNX Runtime refuses the file: ${messageOf(cause)}`, {
      cause,
    });
  }
  return {
    async run(x, output) {
      const results = await session.run({ [port.name]: tensorOf(x) }, [output]);
      const { data, type } = results[output]!;
      const values = data as ArrayLike<number>;
      const areBits = type === "float16" && data instanceof Uint16Array; // where Node has no halves
      return areBits ? Float32Array.from(values, half) : Float32Array.from(values);
    },
    dispose: () => session.release(),
  };
}

/** Makes tensors of the type that the file takes. */
function inputsOf({ Tensor }: OnnxRuntime, { elem }: Port): (x: Batch) => Tensor {
  if (elem === Elem.double) return ({ data, shape }) => new Tensor("float64", Float64Array.from(data), shape);
  if (elem !== Elem.float16) return ({ data, shape }) => new Tensor("float32", data, shape);
  return ({ data, shape }) => {
    const bits = Uint16Array.from(data, halfBits);
    const tensor = new Tensor("float16", bits, shape);
    // the binding knows halves by their bits alone, while the tensor shows them as Node's Float16Array where there is one
    return Object.defineProperty(tensor, "data", { value: bits });
  };
}

/** The largest difference between outputs, as a share of the largest, or of 1. NaN and infinity equal themselves. */
export function difference(own: ArrayLike<number>, reference: Float32Array): number {
  if (own.length !== reference.length) return Number.POSITIVE_INFINITY;
  const scale = reference.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 1);
  return reference.reduce((most, v, i) => {
    if (Object.is(v, own[i])) return most;
    const off = Math.abs(v - own[i]!) / scale;
    return Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(most, off);
  }, 0);
}

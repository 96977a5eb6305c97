/**
 * The engine `wasm`: tfjs's WebAssembly kernels (XNNPACK), one thread, no native library.
 *
 * Two things are mended on the way in. Its matmul calls XNNPACK only where neither factor is transposed and is a plain
 * loop otherwise, which makes gradients three times slower than the forward pass: here transposed factors are
 * transposed first. And the few kernels it lacks (gradients of convolutions among them) are computed by tfjs's `cpu`
 * kernels, as is one that it has wrong.
 *
 * @module
 */
import { component, type Engine, Engines, messageOf, parseOptions, tf, z } from "../../../core/mod.ts";
import { borrowMissingKernels } from "../borrow.ts";

/** This backend stores no complex numbers. */
const NOT_BORROWED = ["Complex", "ComplexAbs", "Real", "Imag", "FFT", "IFFT"];

/** Its gradient of max pooling takes the wrong pixel wherever all that a window sees is negative. */
const WRONG = "MaxPoolGrad";

const options = z.strictObject({
  mended: z
    .boolean()
    .default(true)
    .describe(
      "Whether transposed factors are transposed before tfjs's matmul, which is slow on them; false leaves it as it comes, for comparisons.",
    ),
});

/** Options of {@link wasm}. */
export type WasmOptions = z.input<typeof options>;

/** How this process has tfjs's kernels, once they are in use. */
let inUse: { readonly mended: boolean } | undefined;

/**
 * tfjs on WebAssembly. Its `start` throws an Error where the backend does not start, or this process has started it with
 * another `mended`.
 * @throws InputError where an option is out of its range
 */
export function wasm(given: WasmOptions = {}): Engine {
  const { mended } = parseOptions("wasm", options, given);
  return {
    name: "wasm",
    merit: 10,
    async start() {
      const { setThreadsCount, version_wasm } = await import("@tensorflow/tfjs-backend-wasm");
      setThreadsCount(1); // a second thread changes the order of sums, and with it the last bits of every result
      if (!(await started())) throw new Error("tfjs's WebAssembly backend did not start; use engine cpu");
      if (inUse === undefined) {
        if (mended) transposeBeforeMatMul();
        tf.unregisterKernel(WRONG, "wasm");
        borrowMissingKernels("wasm", NOT_BORROWED);
      } else if (inUse.mended !== mended) {
        throw new Error(`this process has started wasm with mended: ${inUse.mended}, which stays so`);
      }
      inUse = { mended };
      return {
        name: "wasm",
        version: version_wasm,
        device: `WebAssembly with SIMD, one thread${mended ? "" : ", matmul as tfjs has it"}`,
        reason: "asked for by name",
      };
    },
  };
}

async function started(): Promise<boolean> {
  try {
    return await tf.setBackend("wasm");
  } catch (error) {
    throw new Error(`tfjs's WebAssembly backend did not start (${messageOf(error)}); use engine cpu`);
  }
}

interface Freeing extends tf.KernelBackend {
  disposeData(dataId: object, force?: boolean): boolean;
}

/** Has every matmul reach XNNPACK, by transposing factors that are asked for transposed. */
function transposeBeforeMatMul(): void {
  const matMul = tf.getKernel("BatchMatMul", "wasm");
  const transpose = tf.getKernel("Transpose", "wasm");
  tf.unregisterKernel("BatchMatMul", "wasm");
  tf.registerKernel({
    ...matMul,
    kernelFunc({ inputs, backend, attrs }) {
      const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
      const made: tf.TensorInfo[] = [];
      const swapped = (x: tf.TensorInfo): tf.TensorInfo => {
        const perm = x.shape.map((_, axis) => axis);
        perm.push(perm.splice(-2, 1)[0]!);
        const out = transpose.kernelFunc({ inputs: { x }, backend, attrs: { perm } }) as tf.TensorInfo;
        made.push(out);
        return out;
      };
      const a = transposeA ? swapped(inputs.a!) : inputs.a!;
      const b = transposeB ? swapped(inputs.b!) : inputs.b!;
      const product = matMul.kernelFunc({
        inputs: { a, b },
        backend,
        attrs: { transposeA: false, transposeB: false },
      });
      for (const { dataId } of made) (backend as Freeing).disposeData(dataId);
      return product;
    },
  });
}

/** A scenario names it `engine: wasm`. */
export default component(Engines, {
  name: "wasm",
  summary: "WebAssembly, one thread: no native library needed",
  options,
  create: wasm,
});

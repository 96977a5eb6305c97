/**
 * Kernels borrowed from tfjs's `cpu` backend by engines that lack them: inputs are handed over, outputs handed back.
 *
 * @module
 */
import { tf } from "../../core/mod.ts";

/** A backend whose data can be freed at once. */
interface Freeing extends tf.KernelBackend {
  disposeData(dataId: object, force?: boolean): boolean;
}

/** Kernels on a screen: of no use here, and not to be had by handing values over. */
const NOT_BORROWED = new Set(["Draw", "FromPixels"]);

/** Registers, for each kernel that only `cpu` has, one that borrows it. */
export function borrowMissingKernels(backendName: string, except: readonly string[] = []): void {
  const has = new Set(tf.getKernelsForBackend(backendName).map((k) => k.kernelName));
  for (const { kernelName } of tf.getKernelsForBackend("cpu")) {
    if (has.has(kernelName) || NOT_BORROWED.has(kernelName) || except.includes(kernelName)) continue;
    const kernelFunc = borrowed(kernelName);
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc(params) {
        noteBorrowing(backendName, kernelName);
        return kernelFunc(params);
      },
    });
  }
}

const noted = new Set<string>();

/** Says, once for each kernel, that an engine has it computed by `cpu`: in a loop that is what takes the time. */
export function noteBorrowing(backendName: string, kernelName: string): void {
  const note = `engine ${backendName}: ${kernelName} is computed by tfjs's cpu kernel, its tensors copied there and back`;
  if (!noted.has(note)) console.warn(note);
  noted.add(note);
}

/** The `cpu` kernel of this name, computing on another backend's tensors. */
export function borrowed(kernelName: string): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const cpu = tf.findBackend("cpu") as Freeing;
    const lender = backend as Freeing;
    const lent = new Map<tf.TensorInfo, tf.TensorInfo>();
    const lend = (info: tf.TensorInfo): tf.TensorInfo => {
      if (!lent.has(info)) lent.set(info, handed(lender, cpu, info));
      return lent.get(info)!;
    };
    const lendAny = (x: tf.TensorInfo | tf.TensorInfo[] | undefined) =>
      Array.isArray(x) ? x.map(lend) : x && lend(x);
    const given = Array.isArray(inputs)
      ? inputs.map(lend)
      : Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, lendAny(x)]));
    try {
      const kernel = tf.getKernel(kernelName, "cpu").kernelFunc;
      const out = kernel({ inputs: given as tf.NamedTensorInfoMap, attrs: attrs!, backend: cpu });
      const results = (Array.isArray(out) ? out : [out]).map((info) => {
        const result = handed(cpu, lender, info);
        if (![...lent.values()].some(({ dataId }) => dataId === info.dataId))
          cpu.disposeData(info.dataId, true);
        return result;
      });
      return Array.isArray(out) ? results : results[0]!;
    } finally {
      for (const { dataId } of lent.values()) cpu.disposeData(dataId, true);
    }
  };
}

/** A copy of a tensor on another backend. */
function handed(from: Freeing, to: Freeing, { dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
  const values = from.readSync(dataId) as tf.backend_util.BackendValues;
  // some of tfjs's kernels ask for their inputs' rank; on an output it would pass for a finished tensor
  const rank = to === tf.findBackend("cpu") ? { rank: shape.length } : {};
  const write = (data: tf.backend_util.BackendValues, as: tf.DataType): tf.TensorInfo => {
    const id = {};
    to.move(id, data, shape, as, 1);
    return { dataId: id, shape, dtype: as, ...rank };
  };
  if (dtype !== "complex64" || to !== tf.findBackend("cpu")) return write(values, dtype);
  const parts = tf.backend_util.splitRealAndImagArrays(values as Float32Array);
  const [real, imag] = [write(parts.real, "float32"), write(parts.imag, "float32")];
  const complex = tf
    .getKernel("Complex", "cpu")
    .kernelFunc({ inputs: { real, imag }, attrs: {}, backend: to });
  for (const part of [real, imag]) to.disposeData(part.dataId, true);
  return { ...(complex as tf.TensorInfo), ...rank };
}

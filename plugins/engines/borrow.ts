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
    tf.registerKernel({ kernelName, backendName, kernelFunc: borrowed(kernelName) });
  }
}

/** The `cpu` kernel of this name, computing on another backend's tensors. */
export function borrowed(kernelName: string): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const cpu = tf.findBackend("cpu") as Freeing;
    const lender = backend as Freeing;
    const hand = (from: Freeing, to: Freeing, info: tf.TensorInfo): tf.TensorInfo => {
      const values = from.readSync(info.dataId) as tf.backend_util.BackendValues;
      const dataId = {};
      to.move(dataId, values, info.shape, info.dtype, 1);
      return { ...info, dataId };
    };
    const lent = new Map<tf.TensorInfo, tf.TensorInfo>();
    const lend = (info: tf.TensorInfo): tf.TensorInfo => {
      if (!lent.has(info)) lent.set(info, hand(lender, cpu, info));
      return lent.get(info)!;
    };
    const given = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, Array.isArray(x) ? x.map(lend) : x && lend(x)]),
    ) as tf.NamedTensorInfoMap;
    try {
      const kernel = tf.getKernel(kernelName, "cpu").kernelFunc;
      const out = kernel({ inputs: given, attrs: attrs!, backend: cpu });
      const results = (Array.isArray(out) ? out : [out]).map((info) => {
        const result = hand(cpu, lender, info);
        if (![...lent.values()].some(({ dataId }) => dataId === info.dataId)) cpu.disposeData(info.dataId, true);
        return result;
      });
      return Array.isArray(out) ? results : results[0]!;
    } finally {
      for (const { dataId } of lent.values()) cpu.disposeData(dataId, true);
    }
  };
}

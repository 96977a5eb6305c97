/**
 * The engine `tensorflow`: TensorFlow's own library through @tensorflow/tfjs-node-gpu, on an NVIDIA GPU where CUDA finds
 * one, else on the processor.
 *
 * @module
 */
import { component, type Engine, Engines } from "../../../core/mod.ts";
import { mendKernels } from "./kernels.ts";
import { deviceInWords, loadBackend, nvidiaGpus } from "./native.ts";

/** Above every other engine on a GPU; on a processor below onnxruntime, which is faster there (test/bench). */
const MERIT = { gpu: 20, cpu: 12 };

/** tfjs on TensorFlow's library. Its `start` throws an Error naming what is missing: the package, its addon, the library. */
export function tensorflow(): Engine {
  return {
    name: "tensorflow",
    merit: MERIT.gpu,
    async look() {
      const gpus = nvidiaGpus();
      if (gpus.length === 0) return { merit: MERIT.cpu, because: "no NVIDIA GPU is visible here" };
      const backend = await loadBackend();
      const merit = backend.isUsingGpuDevice ? MERIT.gpu : MERIT.cpu;
      return { merit, because: deviceInWords(backend, gpus) };
    },
    async start() {
      const backend = await loadBackend();
      mendKernels();
      return {
        name: "tensorflow",
        version: backend.binding.TF_Version,
        device: deviceInWords(backend),
        reason: "asked for by name",
      };
    },
  };
}

/** A scenario names it `engine: tensorflow`. */
export default component(Engines, {
  name: "tensorflow",
  summary: "TensorFlow's own library, on an NVIDIA GPU where there is one (@tensorflow/tfjs-node-gpu)",
  reference: "https://github.com/tensorflow/tfjs/tree/master/tfjs-node",
  create: tensorflow,
});

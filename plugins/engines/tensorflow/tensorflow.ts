/**
 * The engine `tensorflow`: libtensorflow through @tensorflow/tfjs-node-gpu, on an NVIDIA GPU where CUDA finds one.
 *
 * @module
 */
import nodeUtil from "node:util";
import { type Component, component, type Engine, messageOf, tf, z } from "../../../core/mod.ts";

const PACKAGE = "@tensorflow/tfjs-node-gpu";

interface NodeBackend extends tf.KernelBackend {
  readonly isUsingGpuDevice: boolean;
}

/** tfjs on libtensorflow. */
export function tensorflow(): Engine {
  return {
    name: "tensorflow",
    merit: 20,
    async start() {
      supplyRemovedUtils();
      let version: string;
      try {
        const module = (await import(PACKAGE)) as { version: Record<string, string> };
        version = module.version["tfjs-node"] ?? "unknown";
      } catch (error) {
        throw new Error(`${reasonOf(error)}`, { cause: error });
      }
      await tf.setBackend("tensorflow");
      await tf.ready();
      const gpu = (tf.backend() as NodeBackend).isUsingGpuDevice;
      return {
        name: "tensorflow",
        version,
        device: gpu ? "NVIDIA GPU (CUDA)" : "CPU (libtensorflow sees no GPU)",
        reason: "asked for by name",
      };
    },
  };
}

/** tfjs-node-gpu 4.22 calls two functions that are gone from Node 23 on; without them its import succeeds and use fails. */
function supplyRemovedUtils(): void {
  const util = nodeUtil as unknown as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

/** What is missing, and the command that mends it. */
function reasonOf(error: unknown): string {
  const message = messageOf(error).split(/\n| at path/)[0]!;
  if (/Cannot find (package|module) '@tensorflow\/tfjs-node-gpu'/.test(message)) {
    return `the package ${PACKAGE} is not installed: npm install ${PACKAGE}`;
  }
  return (
    `${PACKAGE} is installed but its native library does not load (${message}): ` +
    `cd node_modules/${PACKAGE} && node scripts/install.js gpu download`
  );
}

/** How a scenario names it: `engine: tensorflow`. */
export const tensorflowComponent: Component<Engine> = component({
  name: "tensorflow",
  summary: "TensorFlow's own library, on an NVIDIA GPU where there is one (@tensorflow/tfjs-node-gpu)",
  reference: "https://github.com/tensorflow/tfjs/tree/master/tfjs-node",
  options: () => z.strictObject({}),
  create: tensorflow,
});

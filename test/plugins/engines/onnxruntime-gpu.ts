/**
 * The engine `onnxruntime` on a GPU for tests, or on SwiftShader, which Debian's chromium brings, with Vulkan's loader.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";
import type { BackendCounts, OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { useSoftwareAdapter } from "./adapter.ts";

/** The engine on WebGPU. */
export const gpu: ReturnType<typeof onnxruntime> = onnxruntime({ provider: "webgpu" });

/** A scenario's way to name it. */
export const GPU = "{ use: onnxruntime, provider: webgpu }";

/** Starts it. @returns why it cannot be; false where it runs */
export async function noGpu(): Promise<string | false> {
  useSoftwareAdapter();
  return await gpu.start().then(
    () => false as const,
    (error: Error) => error.message,
  );
}

/** What it has counted, all of it about the device. */
export function counts(): Required<BackendCounts> {
  return (tf.backend() as OnnxBackend).counts as Required<BackendCounts>;
}

/**
 * An adapter for the tests of engines on WebGPU where there is no GPU: SwiftShader, which Debian's chromium brings.
 * Vulkan's loader (libvulkan1) must be there too.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { messageOf } from "../../../core/mod.ts";
import { webgpu } from "../../../plugins/engines/webgpu/webgpu.ts";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Has Vulkan find SwiftShader where there is no GPU; to be called before anything has looked for one. */
export function useSoftwareAdapter(): void {
  if (existsSync("/dev/dri") || !existsSync(SWIFTSHADER)) return;
  process.env.VK_DRIVER_FILES ??= SWIFTSHADER;
  process.env.VK_ICD_FILENAMES ??= SWIFTSHADER; // what older loaders go by
  process.env.XDG_RUNTIME_DIR ??= "/tmp"; // SwiftShader warns of its absence
}

/** Starts the engine `webgpu` on a GPU or on SwiftShader. @returns why it cannot be; false where it runs */
export async function noAdapter(): Promise<string | false> {
  useSoftwareAdapter();
  return await webgpu()
    .start()
    .then(() => false as const, messageOf);
}

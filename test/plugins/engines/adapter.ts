/**
 * An adapter for the tests of the engine `webgpu` where there is no GPU: SwiftShader, which Debian's chromium brings.
 * Vulkan's loader (libvulkan1) must be there too.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { messageOf } from "../../../core/mod.ts";
import { webgpu } from "../../../plugins/engines/webgpu/webgpu.ts";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Starts the engine on a GPU or on SwiftShader. @returns why it cannot be; false where it runs */
export async function noAdapter(): Promise<string | false> {
  if (!existsSync("/dev/dri") && existsSync(SWIFTSHADER)) process.env.VK_DRIVER_FILES ??= SWIFTSHADER;
  return await webgpu()
    .start()
    .then(() => false as const, messageOf);
}

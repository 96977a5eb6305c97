/**
 * The engine `webgpu`: tfjs's WebGPU kernels on any GPU with a Vulkan, Metal or Direct3D 12 driver, in Node through the
 * npm package `webgpu` (Dawn), in Deno as it comes.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Component,
  component,
  type Engine,
  type EngineProspect,
  messageOf,
  tf,
  z,
} from "../../../core/mod.ts";
import { type BackendModule, type DeviceBackend, deviceBackend } from "./backend.ts";
import {
  type AdapterInfo,
  adapterInWords,
  isSoftware,
  mayHaveGpu,
  nameOf,
  type Power,
  requestAdapter,
  requestDevice,
} from "./gpu.ts";
import { keepSumsInOrder } from "./kernels.ts";

const BACKEND = "webgpu";
const PACKAGE = "@tensorflow/tfjs-backend-webgpu";

/** Options of {@link webgpu}. */
export interface WebgpuOptions {
  /** Which GPU, where there are two. */
  readonly power: Power;
}

/** Above onnxruntime on a GPU; never taken by `auto` where the adapter is software. */
const MERIT = { hardware: 18, software: -1 };

/** A loss is told a moment after the first call that fails of it. */
const TOLD_MS = 100;

/** tfjs on WebGPU. */
export function webgpu({ power = "high-performance" }: Partial<WebgpuOptions> = {}): Engine {
  return {
    name: "webgpu",
    merit: MERIT.hardware,
    async look() {
      if (!mayHaveGpu()) return { merit: MERIT.software, because: "no GPU is visible here" };
      await loadModule();
      return prospectOf((await requestAdapter(power)).info);
    },
    async start() {
      const adapter = await requestAdapter(power); // before the module, which looks for WebGPU when it is loaded
      const module = await loadModule();
      if (tf.findBackendFactory(BACKEND) !== null && !sound(tf.findBackend(BACKEND)))
        tf.removeBackend(BACKEND);
      if (tf.findBackendFactory(BACKEND) === null) {
        const device = await requestDevice(adapter);
        tf.registerBackend(BACKEND, () => deviceBackend(module, device, adapter.info, nameOf(adapter.info)));
      }
      keepSumsInOrder(isSoftware(adapter.info));
      await tf.setBackend(BACKEND);
      await tf.ready();
      return {
        name: "webgpu",
        version: `${tf.version_core} (${runtime()})`,
        device: adapterInWords(adapter),
        reason: "asked for by name",
      };
    },
    async broken() {
      const { device, broken } = (tf.findBackend(BACKEND) ?? {}) as Partial<DeviceBackend>;
      await Promise.race([device?.lost, sleep(TOLD_MS)]);
      return broken?.();
    },
  };
}

/** What an adapter is worth. */
export function prospectOf(info: AdapterInfo): EngineProspect {
  return isSoftware(info)
    ? { merit: MERIT.software, because: `only a software adapter answers (${nameOf(info)})` }
    : { merit: MERIT.hardware, because: nameOf(info) };
}

/** Whether a backend is one of ours, and its device still there. */
function sound(backend: tf.KernelBackend | null): boolean {
  const { broken } = (backend ?? {}) as Partial<DeviceBackend>;
  return broken !== undefined && broken() === undefined;
}

/** @throws Error with the command that mends it where the package is not installed */
async function loadModule(): Promise<BackendModule> {
  try {
    return (await import(PACKAGE)) as BackendModule;
  } catch (error) {
    const [why] = messageOf(error).split("\n");
    throw new Error(
      `the package ${PACKAGE} does not load (${why}): npm install ${PACKAGE}@${tf.version_core}`,
    );
  }
}

function runtime(): string {
  return "Deno" in globalThis ? `Deno ${process.versions.deno}` : "Dawn";
}

/** How a scenario names it: `engine: webgpu`. */
export const webgpuComponent: Component<Engine> = component({
  name: "webgpu",
  summary: "Any GPU, through WebGPU: Deno's own, or on Node the package webgpu (Dawn)",
  reference: "https://www.w3.org/TR/webgpu",
  options: () =>
    z.strictObject({
      power: z
        .enum(["high-performance", "low-power"])
        .default("high-performance")
        .describe("Which GPU, where there are two."),
    }),
  create: webgpu,
});

/**
 * The engine `webgpu`: tfjs's WebGPU kernels on any GPU with a Vulkan, Metal or Direct3D 12 driver, in Node through the
 * npm package `webgpu` (Dawn), in Deno as it comes.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  component,
  type Engine,
  type EngineProspect,
  Engines,
  messageOf,
  parseOptions,
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
  POWERS,
  requestAdapter,
  requestDevice,
} from "./gpu.ts";
import { keepSumsInOrder } from "./kernels.ts";

const BACKEND = "webgpu";
const PACKAGE = "@tensorflow/tfjs-backend-webgpu";

const options = z.strictObject({
  power: z.enum(POWERS).default("high-performance").describe("Which GPU, where there are two."),
});

/** Options of {@link webgpu}. */
export type WebgpuOptions = z.input<typeof options>;

/** Below onnxruntime, which is faster on GPUs and, for dense networks, on processors; never taken by `auto` on software. */
const MERIT = { hardware: 14, software: -1 };

/** A loss is told a moment after the first call that fails of it. */
const TOLD_MS = 100;

/** The backend in use; another one once its device is lost. Not asked of tfjs, which would make the module's own. */
let current: DeviceBackend | undefined;

/**
 * tfjs on WebGPU. Its `start` throws an Error naming what is missing: the package, or a driver.
 * @throws InputError where an option is none of those named
 */
export function webgpu(given: WebgpuOptions = {}): Engine {
  const { power } = parseOptions("webgpu", options, given);
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
      if (current === undefined || current.broken() !== undefined) {
        const name = nameOf(adapter.info);
        const made = deviceBackend(module, await requestDevice(adapter), adapter.info, name);
        if (tf.findBackendFactory(BACKEND) !== null) tf.removeBackend(BACKEND); // at first the module's own
        tf.registerBackend(BACKEND, () => made);
        current = made;
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
      await Promise.race([current?.device.lost, sleep(TOLD_MS)]);
      return current?.broken();
    },
  };
}

/** What an adapter is worth. */
export function prospectOf(info: AdapterInfo): EngineProspect {
  return isSoftware(info)
    ? { merit: MERIT.software, because: `only a software adapter answers (${nameOf(info)})` }
    : { merit: MERIT.hardware, because: nameOf(info) };
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

/** A scenario names it `engine: webgpu`. */
export default component(Engines, {
  name: "webgpu",
  summary: "Any GPU, through WebGPU: Deno's own, or on Node the package webgpu (Dawn)",
  reference: "https://www.w3.org/TR/webgpu",
  options,
  create: webgpu,
});

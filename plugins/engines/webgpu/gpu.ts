/**
 * WebGPU as the runtime has it (Deno), or as the npm package `webgpu` brings it to Node: adapters and devices.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { messageOf } from "../../../core/mod.ts";

/** What is used of WebGPU (https://www.w3.org/TR/webgpu). */
interface Gpu {
  requestAdapter(options: { readonly powerPreference: Power }): Promise<Adapter | null>;
}

/** Which of two GPUs to take. */
export type Power = (typeof POWERS)[number];

/** All of them. */
export const POWERS = ["high-performance", "low-power"] as const;

/** A device that may be opened, once. */
export interface Adapter {
  readonly info: AdapterInfo;
  readonly limits: Readonly<Record<Limit, number>>;
  requestDevice(wanted: { readonly requiredLimits: Readonly<Record<string, number>> }): Promise<Device>;
}

/** What an adapter says of itself. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Whether it computes in software. */
  readonly isFallbackAdapter?: boolean;
}

/** An open device. */
export interface Device {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  addEventListener(type: "uncapturederror", listener: (event: { error: { message: string } }) => void): void;
  destroy(): void;
}

/** Limits that tfjs's kernels go by; unless asked for, a device has small ones. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;
type Limit = (typeof LIMITS)[number];

const PACKAGE = "webgpu";
const VERSION = "0.6.2";

/** The runtime's WebGPU; on Node the package's, put where the runtime's would be. */
async function open(): Promise<Gpu> {
  const scope = globalThis as unknown as { navigator: { gpu?: Gpu } };
  if (scope.navigator?.gpu) return scope.navigator.gpu;
  if ("Deno" in globalThis) throw new Error("this Deno has no navigator.gpu: run it with --unstable-webgpu");
  let dawn: { create(flags: string[]): Gpu; readonly globals: object };
  try {
    dawn = (await import(PACKAGE)) as typeof dawn;
  } catch (error) {
    const [why] = messageOf(error).split("\n");
    if (/Cannot find (package|module)/.test(why!)) {
      throw new Error(`the package ${PACKAGE} is not installed: npm install ${PACKAGE}@${VERSION}`);
    }
    throw new Error(
      `the package ${PACKAGE} is there but does not load (${why}): npm install ${PACKAGE}@${VERSION}`,
    );
  }
  Object.assign(globalThis, dawn.globals);
  Object.defineProperty(scope.navigator, "gpu", { value: dawn.create([]), configurable: true });
  return scope.navigator.gpu!;
}

/** What Linux shows of a GPU to the programs that may use it. */
const NODES = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/mali0", "/dev/kgsl-3d0"];

/** Whether there may be a GPU: what Linux tells without loading a driver; elsewhere only the adapter does. */
export function mayHaveGpu(): boolean {
  return process.platform !== "linux" || NODES.some((path) => existsSync(path));
}

/** @throws Error saying what is missing and what mends it */
export async function requestAdapter(powerPreference: Power): Promise<Adapter> {
  const gpu = await open();
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (adapter !== null) return adapter;
  const driver =
    process.platform === "linux"
      ? "install the GPU's Vulkan driver and its loader (Debian: apt-get install libvulkan1 mesa-vulkan-drivers)"
      : "install the GPU's driver";
  throw new Error(`no adapter of WebGPU answers: ${driver}`);
}

/** A device with all that its adapter has to give. */
export function requestDevice(adapter: Adapter): Promise<Device> {
  const given = LIMITS.filter((limit) => adapter.limits[limit] !== undefined);
  return adapter.requestDevice({
    requiredLimits: Object.fromEntries(given.map((limit) => [limit, adapter.limits[limit]])),
  });
}

/** Whether an adapter computes in software: none that a person with a fast processor would want. */
export function isSoftware({ isFallbackAdapter, description, architecture, device }: AdapterInfo): boolean {
  return (
    isFallbackAdapter === true ||
    /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render/i.test(
      `${description} ${architecture} ${device}`,
    )
  );
}

/** An adapter's name. */
export function nameOf({ vendor, architecture, device, description }: AdapterInfo): string {
  return (
    description || [vendor, architecture, device].filter((part) => part !== "").join(" ") || "unnamed adapter"
  );
}

/** An adapter's name and limits. */
export function adapterInWords({ info, limits }: Adapter): string {
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  return [
    `${nameOf(info)}${isSoftware(info) ? " (software)" : ""}`,
    `buffers of ${mebibytes(limits.maxBufferSize)}`,
    `bindings of ${mebibytes(limits.maxStorageBufferBindingSize)}`,
    `${limits.maxStorageBuffersPerShaderStage} to a shader`,
    `workgroups of ${limits.maxComputeInvocationsPerWorkgroup}`,
  ].join(", ");
}

/**
 * Which GPU the WebGPU provider computes on. The binding does not say, and takes a software one where there is no other;
 * on Linux the process's own libraries and what the kernel shows tell it.
 *
 * @module
 */
import { globSync, readFileSync } from "node:fs";
import process from "node:process";
import { mayHaveGpu } from "../webgpu/gpu.ts";

/** What the provider computes on. */
export interface AdapterName {
  readonly name: string;
  /** Whether it computes on the processor. */
  readonly software: boolean;
}

/** A driver of Vulkan. */
interface Driver {
  readonly library: RegExp;
  readonly name: string;
  /** PCI's number of the vendor; none for a driver of no hardware. */
  readonly vendor?: string;
}

const DRIVERS: readonly Driver[] = [
  { library: /libGLX_nvidia|libEGL_nvidia|libnvidia-(gl|egl)core/, name: "NVIDIA", vendor: "0x10de" },
  { library: /libvulkan_nouveau/, name: "NVIDIA (Mesa's NVK)", vendor: "0x10de" },
  { library: /libvulkan_radeon/, name: "AMD (Mesa's RADV)", vendor: "0x1002" },
  { library: /amdvlk/, name: "AMD (AMDVLK)", vendor: "0x1002" },
  { library: /libvulkan_intel/, name: "Intel (Mesa's ANV)", vendor: "0x8086" },
  { library: /libvulkan_virtio/, name: "a virtual GPU (Mesa's Venus)", vendor: "0x1af4" },
  { library: /libvk_swiftshader/, name: "SwiftShader" },
  { library: /libvulkan_lvp/, name: "llvmpipe" },
];

/** What Linux tells of GPUs. */
export interface Seen {
  /** Paths of the libraries that the process has loaded, one a line or in any other text. */
  readonly libraries: string;
  /** PCI's numbers of the vendors of the GPUs that programs may use. */
  readonly vendors: readonly string[];
  /** What NVIDIA's driver calls its GPUs. */
  readonly models: readonly string[];
}

/** The adapter that the provider, which prefers fast hardware, has taken; undefined where nothing tells it. */
export function adapterFrom({ libraries, vendors, models }: Seen): AdapterName | undefined {
  const loaded = DRIVERS.filter(({ library }) => library.test(libraries));
  const hardware = loaded.find(({ vendor }) => vendor !== undefined && vendors.includes(vendor));
  if (hardware?.vendor === "0x10de" && models.length > 0) return { name: models[0]!, software: false };
  if (hardware !== undefined) return { name: hardware.name, software: false };
  const software = loaded.find(({ vendor }) => vendor === undefined);
  return software && { name: software.name, software: true };
}

/** What is in use, once a session has been made. */
export function adapterOf(): AdapterName {
  if (process.platform === "darwin") return { name: "the GPU of Metal", software: false };
  if (process.platform === "win32") return { name: "the GPU of Direct3D 12", software: false };
  return adapterFrom(seen()) ?? { name: "an adapter without a name", software: !mayHaveGpu() };
}

/** The GPU that CUDA computes on. */
export function nvidiaOf(): AdapterName {
  return { name: seen().models[0] ?? "an NVIDIA GPU", software: false };
}

function seen(): Seen {
  const models = read("/proc/driver/nvidia/gpus/*/information").map(
    (text) => /Model:\s*(.+)/.exec(text)?.[1]?.trim() ?? "NVIDIA",
  );
  const visible = mayHaveGpu() ? read("/sys/class/drm/*/device/vendor").map((text) => text.trim()) : [];
  return {
    libraries: read("/proc/self/maps").join("\n"),
    vendors: models.length > 0 ? ["0x10de", ...visible] : visible,
    models,
  };
}

/** The texts of the files that there are and may be read. */
function read(pattern: string): string[] {
  return (pattern.includes("*") ? globSync(pattern) : [pattern]).flatMap((path) => {
    try {
      return [readFileSync(path, "utf8")];
    } catch {
      return [];
    }
  });
}

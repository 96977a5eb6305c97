/**
 * @tensorflow/tfjs-node-gpu's native addon: loading it, and saying precisely what is missing where it does not load or
 * finds no GPU.
 *
 * @module
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, cpus } from "node:os";
import { dirname, extname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import nodeUtil from "node:util";
import { messageOf, tf } from "../../../core/mod.ts";

export const PACKAGE = "@tensorflow/tfjs-node-gpu";
export const VERSION = "4.22.0";

/** What the addon is loaded with, unless the environment says otherwise; read by TensorFlow once in a process. */
const SETTINGS: Readonly<Record<string, string>> = {
  TF_CPP_MIN_LOG_LEVEL: "2",
  TF_ENABLE_ONEDNN_OPTS: "0", // oneDNN takes 1.2 to 1.9 times as long for single small operators (test/bench)
  TF_DETERMINISTIC_OPS: "1", // the same sums in the same order, or an error where there is no such kernel
  TF_FORCE_GPU_ALLOW_GROWTH: "true", // else all of a GPU's memory is taken at once
  NVIDIA_TF32_OVERRIDE: "0", // else Ampere and later multiply with 10 bits of mantissa
};

/** Libraries that TensorFlow 2.9 (which the package's install script fetches) opens once it runs, and where they are. */
const CUDA_11: Readonly<Record<string, readonly string[]>> = {
  "NVIDIA's driver": ["libcuda.so.1"],
  "CUDA 11": [
    "libcudart.so.11.0",
    "libcublas.so.11",
    "libcublasLt.so.11",
    "libcufft.so.10",
    "libcurand.so.10",
    "libcusolver.so.11",
    "libcusparse.so.11",
  ],
  "cuDNN 8": ["libcudnn.so.8"],
};

const MENDED_BY: Readonly<Record<string, string>> = {
  "NVIDIA's driver": "install NVIDIA's driver",
  "CUDA 11":
    "pip install nvidia-cuda-runtime-cu11 nvidia-cublas-cu11 nvidia-cufft-cu11 nvidia-curand-cu11 nvidia-cusolver-cu11 " +
    "nvidia-cusparse-cu11 (or install CUDA 11.2 to 11.8), and name its lib folders in LD_LIBRARY_PATH",
  "cuDNN 8":
    "pip install 'nvidia-cudnn-cu11<9' (or install cuDNN 8), and name its lib folder in LD_LIBRARY_PATH",
};

/** What the package's backend has beyond tfjs's. */
export interface NodeBackend extends tf.KernelBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: {
    readonly TF_Version: string;
    /** Tensors that TensorFlow holds: more than tfjs knows of where a kernel forgets one. */
    getNumOfTensors(): number;
  };
}

const require = createRequire(import.meta.url);

/** Fetches addon and library; in a clone `npm run gpu:install` is the same. */
const INSTALL = `node ${relative(process.cwd(), fileURLToPath(new URL(`install${extname(import.meta.url)}`, import.meta.url)))}`;

/** The package's folder; undefined where it is not installed. */
export function packageFolder(): string | undefined {
  try {
    return dirname(require.resolve(`${PACKAGE}/package.json`));
  } catch {
    return undefined;
  }
}

/**
 * Loads the addon and makes its backend the one in use.
 * @param folder of the package; undefined where it is not installed
 * @throws Error saying what is missing and the command that mends it
 */
export async function loadBackend(folder: string | undefined = packageFolder()): Promise<NodeBackend> {
  if (folder === undefined) {
    throw new Error(`the package ${PACKAGE} is not installed: npm install ${PACKAGE}@${VERSION}`);
  }
  if (globSync("lib/napi-v*/tfjs_binding.node", { cwd: folder }).length === 0) {
    throw new Error(`${PACKAGE} is there without its native addon (tfjs_binding.node): ${INSTALL}`);
  }
  if (globSync("deps/lib/*tensorflow*", { cwd: folder }).length === 0) {
    throw new Error(`${PACKAGE} is there without libtensorflow (deps/lib): ${INSTALL}`);
  }
  for (const [name, value] of Object.entries(SETTINGS)) process.env[name] ??= value;
  supplyRemovedUtils();
  try {
    require(folder);
  } catch (error) {
    throw new Error(whyNot(messageOf(error)), { cause: error });
  }
  if (!(await tf.setBackend("tensorflow"))) throw new Error("TensorFlow's library loads, but does not start");
  await tf.ready();
  return tf.backend() as NodeBackend;
}

/** tfjs-node-gpu 4.22 calls two functions that are gone from Node (or warn of it); its import succeeds without them, use fails. */
function supplyRemovedUtils(): void {
  const util = nodeUtil as unknown as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

/** What the system says of an addon that does not load, in terms of what is missing. */
function whyNot(message: string): string {
  const first = message.split("\n")[0]!;
  const library = /(lib[\w.+-]+\.so[\w.]*): cannot open shared object file/.exec(message)?.[1];
  if (library?.startsWith("libtensorflow")) return `libtensorflow is not there (${first}): ${INSTALL}`;
  const part = Object.entries(CUDA_11).find(([, libraries]) => library && libraries.includes(library))?.[0];
  if (part !== undefined) return `${part} is not there (${first}): ${MENDED_BY[part]}`;
  if (library !== undefined) return `${library}, which libtensorflow needs, is not there (${first})`;
  return `${PACKAGE}'s native addon does not load (${first}): ${INSTALL}`;
}

/** NVIDIA GPUs of this machine, by name, whether or not CUDA is there to use them; empty where they are hidden from it. */
export function nvidiaGpus(): readonly string[] {
  const { CUDA_VISIBLE_DEVICES: visible } = process.env;
  if (visible === "" || visible === "-1") return [];
  const listed = globSync("/proc/driver/nvidia/gpus/*/information").map(
    (file) => /^Model:\s*(.*\S)/m.exec(readFileSync(file, "utf8"))?.[1] ?? "NVIDIA GPU",
  );
  if (listed.length > 0) return listed;
  const signs = ["/dev/nvidiactl", "/dev/dxg", "C:\\Windows\\System32\\nvcuda.dll"]; // Linux in a container, WSL, Windows
  return signs.some((path) => existsSync(path)) ? ["NVIDIA GPU"] : [];
}

/**
 * What TensorFlow computes on, in words; where it leaves an NVIDIA GPU unused, with what is missing.
 * @param gpus of {@link nvidiaGpus}
 */
export function deviceInWords(
  { isUsingGpuDevice, binding }: NodeBackend,
  gpus: readonly string[] = nvidiaGpus(),
): string {
  if (isUsingGpuDevice) return `GPU:0, ${gpus[0] ?? "NVIDIA GPU"} (CUDA)`;
  const cpu = `CPU:0, ${cpus()[0]?.model ?? "unknown"}, ${cpus().length} threads`;
  if (gpus.length === 0) return `${cpu}; no NVIDIA GPU is visible`;
  return `${cpu}; ${gpus.join(", ")} unused: ${whyUnused(binding.TF_Version)}`;
}

/**
 * Why TensorFlow does not use an NVIDIA GPU that is there.
 * @param version of TensorFlow
 * @param loads whether the system finds a library
 */
export function whyUnused(version: string, loads: (library: string) => boolean = isFound): string {
  if (!version.startsWith("2.9.")) {
    return `this library of TensorFlow ${version} is built without CUDA, or does not find its own`;
  }
  const absent = Object.entries(CUDA_11)
    .map(([part, libraries]) => ({ part, libraries: libraries.filter((library) => !loads(library)) }))
    .filter(({ libraries }) => libraries.length > 0);
  if (absent.length === 0) return "TensorFlow says why with TF_CPP_MIN_LOG_LEVEL=0";
  return absent
    .map(({ part, libraries }) => `${part} is not found (${libraries.join(", ")}): ${MENDED_BY[part]}`)
    .join("; ");
}

/** Whether the system finds a library. It is no addon, so that Node refuses it either way: what counts is why. */
export function isFound(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_LAZY);
    return true;
  } catch (error) {
    return !/cannot open shared object|No such file/.test(messageOf(error));
  }
}

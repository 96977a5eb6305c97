/**
 * ONNX Runtime's CUDA provider, from a folder that the user names: onnxruntime-node's package does not have it.
 *
 * ONNX Runtime looks for its providers beside its own library. So that library, the binding and the providers are
 * linked into one folder, and the binding is loaded from there.
 *
 * @module
 */
import { copyFileSync, existsSync, linkSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";

/** The environment variable that names the folder. */
export const CUDA_FOLDER = "DSGAN_ORT_CUDA";

const PROVIDERS = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/** What is to be done where CUDA does not load. */
export const CUDA_HINT =
  `CUDA needs Linux on x64, an NVIDIA driver, a folder with ${PROVIDERS.join(" and ")} of the same version ` +
  `(Python's onnxruntime-gpu has them in onnxruntime/capi) named by ${CUDA_FOLDER}, and CUDA's libraries ` +
  "(cublas, cublasLt, curand, cufft, cudart, cudnn) in LD_LIBRARY_PATH before this process starts";

/**
 * The folder that the environment names; undefined where it names none.
 * @throws Error saying what the folder lacks
 */
export function cudaFolder(): string | undefined {
  const given = process.env[CUDA_FOLDER];
  if (!given) return undefined;
  const folder = resolve(given);
  const missing = PROVIDERS.filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return folder;
  throw new Error(`${CUDA_FOLDER}=${given} has no ${missing.join(" and no ")}: ${CUDA_HINT}`);
}

/** The folder that holds the library, the binding and the providers, once it was asked for: a process loads one. */
let joined: string | undefined;

/**
 * A folder with the library, the binding, and beside them the CUDA provider of another.
 * @param own the package's folder
 */
export function withCuda(own: string, folder: string): string {
  if (joined !== undefined) return joined;
  const place = mkdtempSync(join(tmpdir(), "dsgan-cuda-"));
  // providers are loaded with the first session: the folder stays until then
  process.once("exit", () => rmSync(place, { recursive: true, force: true }));
  for (const name of readdirSync(own)) link(join(own, name), join(place, name));
  for (const name of PROVIDERS) link(join(folder, name), join(place, name));
  joined = place;
  return place;
}

/** A file under another path: a library is found beside the path under which another is loaded. */
function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    try {
      symlinkSync(from, to);
    } catch {
      copyFileSync(from, to);
    }
  }
}

/**
 * ONNX Runtime's native library: through onnxruntime-node's binding where this process's memory is all there is, and through
 * its C functions on GPUs (gpu.ts).
 *
 * @module
 */
import { messageOf } from "../../../core/mod.ts";
import { FATAL, loadBinding, type Native, type NativeSession, type Tensor, TYPES } from "./binding.ts";
import { CallerMissing } from "./capi.ts";
import { CUDA_HINT } from "./cuda.ts";
import { loadGpu } from "./gpu.ts";
import { Elem, encodeModel } from "./model.ts";
import { processors } from "./processors.ts";
import { type Feed, PLAIN, type Runtime, type Session, type SessionSettings } from "./runtime.ts";

/** An execution provider of ONNX Runtime. */
export type Provider = (typeof PROVIDERS)[number];

/** All of them. */
export const PROVIDERS = ["cpu", "webgpu", "cuda", "coreml", "dml"] as const;

/**
 * Threads wait for the next operator awake, for as long as small ones take: waking one costs as much as a small product.
 * No longer, and not beyond the run, since a spinning thread takes the time of whatever else is running.
 */
const SPINNING = { intra_op: { allow_spinning: "1", spin_duration_us: "50" }, force_spinning_stop: "1" };

const QUIET = { logSeverityLevel: FATAL };

/**
 * Loads the native library. Throws where it does not load, or lacks the provider.
 * @param flush whether the processor takes subnormal numbers for 0. The first session of a process decides it for its main thread, and
 * so for JavaScript's numbers too.
 */
export function loadNative(provider: Provider, flush = false): Runtime {
  if (provider === "webgpu" || provider === "cuda") return hinted(provider, () => loadGpu(provider));
  const native = loadBinding();
  const { version, providers } = native;
  if (!providers.includes(provider)) {
    throw new Error(
      `onnxruntime-node ${version} has no provider "${provider}" on ${process.platform}-${process.arch} ` +
        `(it has ${providers.join(", ")})${HINTS[provider] ?? ""}`,
    );
  }
  const compile = (model: Uint8Array, settings: SessionSettings): Session =>
    newSession(native, provider, model, settings, flush);
  if (provider !== "cpu") hinted(provider, () => tryProvider(compile));
  return {
    name: "onnxruntime-node",
    version,
    maxThreads: processors(),
    place: provider === "cpu" ? "CPU" : `${provider}, CPU where it lacks an operator`,
    dialect: { ...PLAIN, block: provider === "cpu" ? blockOf(compile) : undefined },
    device: undefined,
    compile,
  };
}

function newSession(
  native: Native,
  provider: Provider,
  model: Uint8Array,
  { threads }: SessionSettings,
  flush: boolean,
): Session {
  const session: NativeSession = native.newSession();
  session.loadModel(model.buffer as ArrayBuffer, model.byteOffset, model.byteLength, {
    executionProviders: provider === "cpu" ? ["cpu"] : [provider, "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: FATAL, // what goes wrong is thrown
    extra: { session: flush ? { ...SPINNING, set_denormal_as_zero: "1" } : SPINNING },
  });
  return {
    run(feeds, fetches) {
      native.leftOut(() => session.run(tensors(feeds), tensors(fetches), QUIET));
      return {};
    },
    dispose: () => session.dispose(),
  };
}

const HINTS: Partial<Record<Provider, string>> = {
  webgpu: ": WebGPU needs a GPU's driver (on Linux of Vulkan, and its loader: apt-get install libvulkan1)",
  cuda: `: ${CUDA_HINT}`,
  coreml: ": CoreML is Apple's alone",
  dml: ": DirectML is Windows' alone",
};

/** Adds to what goes wrong in loading a provider what it needs, unless the provider was not even asked. */
function hinted<R>(provider: Provider, load: () => R): R {
  try {
    return load();
  } catch (error) {
    const [why] = messageOf(error).trim().split("\n");
    const hint = error instanceof CallerMissing ? "" : (HINTS[provider] ?? "");
    throw new Error(`provider "${provider}" does not load: ${why}${hint}`, { cause: error });
  }
}

/** A provider may be listed and still lack its libraries: that shows when a session is made. */
function tryProvider(compile: Runtime["compile"]): void {
  const port = { elem: Elem.float32, shape: [1] };
  const model = encodeModel({
    inputs: [{ name: "x", ...port }],
    outputs: [{ name: "y", ...port }],
    initializers: [],
    nodes: [{ name: "y", op: "Neg", domain: "", attributes: {}, inputs: ["x"], outputs: ["y"] }],
  });
  compile(model, { threads: 1 }).dispose();
}

/**
 * How many channels MLAS keeps together on this processor: an image of channels 0, 1, … in its order shows it.
 * https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html#layout-optimizations
 */
function blockOf(compile: Runtime["compile"]): number | undefined {
  const image = { elem: Elem.float32, shape: [1, 64, 1, 2] };
  const node = { name: "y", op: "ReorderInput", domain: "com.microsoft.nchwc", attributes: {} };
  const model = encodeModel({
    inputs: [{ name: "x", ...image }],
    outputs: [{ name: "y", ...image }],
    initializers: [],
    nodes: [{ ...node, inputs: ["x"], outputs: ["y"] }],
  });
  const channels = Float32Array.from({ length: 128 }, (_, i) => i >> 1);
  const ordered = new Float32Array(128);
  try {
    const session = compile(model, { threads: 1 });
    session.run({ x: { ...image, data: channels } }, { y: { ...image, data: ordered } });
    session.dispose();
  } catch {
    return undefined; // it has none
  }
  const block = ordered.indexOf(0, 1);
  return block > 1 && ordered[block - 1] === block - 1 ? block : undefined;
}

function tensors(feeds: Readonly<Record<string, Feed>>): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  for (const name in feeds) {
    const { elem, shape, data } = feeds[name]!;
    out[name] = { type: TYPES[elem], dims: shape, data, location: "cpu" };
  }
  return out;
}

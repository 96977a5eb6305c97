/**
 * ONNX Runtime's native library, through onnxruntime-node's binding.
 *
 * The package's public API answers with promises, but its binding is synchronous: it is taken directly, so that
 * `dataSync()` works and a step costs no turn of the event loop.
 *
 * @module
 */
import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";
import { messageOf } from "../../../core/mod.ts";
import { Elem, encodeModel } from "./model.ts";
import { processors } from "./processors.ts";
import type { Buffer, Runtime, Session, SessionSettings } from "./runtime.ts";

/** An execution provider of ONNX Runtime. */
export type Provider = (typeof PROVIDERS)[number];

/** All of them. */
export const PROVIDERS = ["cpu", "cuda", "coreml", "dml"] as const;

interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  readonly location: "cpu";
}

interface NativeSession {
  loadModel(buffer: ArrayBuffer, offset: number, length: number, options: object): void;
  run(feeds: Record<string, Tensor>, fetches: Record<string, Tensor>, options: object): unknown;
  dispose(): void;
}

interface Binding {
  readonly binding: {
    readonly InferenceSession: new () => NativeSession;
    listSupportedBackends(): readonly { readonly name: string }[];
    /** @param tensor makes the tensors that `run` returns; only the first call in a thread counts */
    initOrtOnce(logLevel: number, tensor: new (...given: never) => object, isMainThread: boolean): void;
  };
}

const FATAL = 4;
const QUIET = { logSeverityLevel: FATAL };

const TYPES: Readonly<Record<Elem, string>> = {
  [Elem.float32]: "float32",
  [Elem.uint8]: "uint8",
  [Elem.int32]: "int32",
  [Elem.int64]: "int64",
  [Elem.bool]: "bool",
  [Elem.float64]: "float64",
  [Elem.uint32]: "uint32",
  [Elem.uint64]: "uint64",
};

/**
 * Threads wait for the next operator awake, for as long as small ones take: waking one costs as much as a small product.
 * No longer, and not beyond the run, since a spinning thread takes the time of whatever else is running.
 */
const SPINNING = { intra_op: { allow_spinning: "1", spin_duration_us: "50" }, force_spinning_stop: "1" };

/** Loads the native library. Throws where it does not load, or lacks the provider. */
export function loadNative(provider: Provider): Runtime {
  const require = createRequire(import.meta.url);
  const { binding } = require("onnxruntime-node/dist/binding.js") as Binding;
  const { version } = require("onnxruntime-node/package.json") as { version: string };
  const results = resultsLeftOut(createRequire(require.resolve("onnxruntime-node")));
  binding.initOrtOnce(FATAL, results.constructor, isMainThread);
  const supported = binding.listSupportedBackends().map(({ name }) => name);
  if (!supported.includes(provider)) {
    throw new Error(
      `onnxruntime-node ${version} has no provider "${provider}" on ${process.platform}-${process.arch} ` +
        `(it has ${supported.join(", ")})${HINTS[provider] ?? ""}`,
    );
  }
  const compile = (model: Uint8Array, { threads }: SessionSettings): Session => {
    const session = new binding.InferenceSession();
    session.loadModel(model.buffer as ArrayBuffer, model.byteOffset, model.byteLength, {
      executionProviders: provider === "cpu" ? ["cpu"] : [provider, "cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: FATAL, // what goes wrong is thrown
      extra: { session: SPINNING },
    });
    return {
      run: (feeds, fetches) => results.leftOut(() => session.run(tensors(feeds), tensors(fetches), QUIET)),
      dispose: () => session.dispose(),
    };
  };
  if (provider !== "cpu") tryProvider(compile, provider);
  return {
    name: "onnxruntime-node",
    version,
    maxThreads: processors(),
    device: provider === "cpu" ? "CPU" : `${provider}, CPU where it lacks an operator`,
    block: provider === "cpu" ? blockOf(compile) : undefined,
    compile,
  };
}

/** The answer of a run whose results were left out. */
const DONE = new Error("the outputs are where they belong");

/**
 * The binding copies each output into a fresh array, even where it was given one and has filled it: for a training step
 * that is tens of megabytes. It makes a tensor of each copy, though, with a constructor that is ours to give: what that
 * throws ends the copying after the first output, which is the smallest.
 */
function resultsLeftOut(require: NodeJS.Require): {
  readonly constructor: new (...given: never) => object;
  leftOut(run: () => unknown): void;
} {
  const { Tensor } = require("onnxruntime-common") as { Tensor: new (...given: never) => object };
  let leavingOut = false;
  return {
    constructor: new Proxy(Tensor, {
      construct(target, given) {
        if (leavingOut) throw DONE;
        return Reflect.construct(target, given); // for whoever else uses the binding in this thread
      },
    }),
    leftOut(run) {
      leavingOut = true;
      try {
        run();
      } catch (error) {
        if (error !== DONE) throw error;
      } finally {
        leavingOut = false;
      }
    },
  };
}

const HINTS: Partial<Record<Provider, string>> = {
  cuda: ": CUDA needs Linux or Windows on x64, and its libraries (npm rebuild onnxruntime-node fetches them)",
  coreml: ": CoreML is Apple's alone",
  dml: ": DirectML is Windows' alone",
};

/** A provider may be listed and still lack its libraries: that shows when a session is made. */
function tryProvider(compile: Runtime["compile"], provider: Provider): void {
  try {
    const port = { elem: Elem.float32, shape: [1] };
    const model = encodeModel({
      inputs: [{ name: "x", ...port }],
      outputs: [{ name: "y", ...port }],
      initializers: [],
      nodes: [{ name: "y", op: "Neg", domain: "", attributes: {}, inputs: ["x"], outputs: ["y"] }],
    });
    compile(model, { threads: 1 }).dispose();
  } catch (error) {
    throw new Error(`provider "${provider}" does not load: ${messageOf(error)}${HINTS[provider] ?? ""}`);
  }
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

function tensors(buffers: Readonly<Record<string, Buffer>>): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  for (const name in buffers) {
    const { elem, shape, data } = buffers[name]!;
    out[name] = { type: TYPES[elem], dims: shape, data, location: "cpu" };
  }
  return out;
}

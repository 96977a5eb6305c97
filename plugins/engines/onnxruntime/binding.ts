/**
 * onnxruntime-node's binding, and what it takes to have it write outputs where they belong.
 *
 * The package's public API answers with promises, but its binding is synchronous: it is taken directly, so that
 * `dataSync()` works and a step costs no turn of the event loop.
 *
 * @module
 */
import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";
import { cudaFolder, loadCudaBinding } from "./cuda.ts";
import { Elem } from "./model.ts";

/** A tensor as the binding has it: with data here, or with a buffer on the device. */
export interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data?: unknown;
  readonly gpuBuffer?: unknown;
  readonly location: "cpu" | "gpu-buffer";
  dispose?(): void;
}

/** A session of the binding. */
export interface NativeSession {
  loadModel(buffer: ArrayBuffer, offset: number, length: number, options: object): void;
  /** @param fetches null for an output that the binding is to make */
  run(
    feeds: Record<string, Tensor>,
    fetches: Record<string, Tensor | null>,
    options: object,
  ): Record<string, Tensor>;
  dispose(): void;
}

interface Binding {
  readonly InferenceSession: new () => NativeSession;
  listSupportedBackends(): readonly { readonly name: string }[];
  /** @param tensor makes the tensors that `run` returns; only the first call in a thread counts */
  initOrtOnce(logLevel: number, tensor: new (...given: never) => object, isMainThread: boolean): void;
}

/** The binding, ready to make sessions. */
export interface Native {
  readonly version: string;
  readonly providers: readonly string[];
  newSession(): NativeSession;
  /** Runs, and leaves out what the binding would return: outputs are written into the data given for them. */
  leftOut(run: () => unknown): void;
}

/** Of the library's own messages, those that end the process: what else goes wrong is thrown. */
export const FATAL = 4;

/** Names of element types, as tensors have them. */
export const TYPES: Readonly<Record<Elem, string>> = {
  [Elem.float32]: "float32",
  [Elem.uint8]: "uint8",
  [Elem.int32]: "int32",
  [Elem.int64]: "int64",
  [Elem.bool]: "bool",
  [Elem.float64]: "float64",
  [Elem.uint32]: "uint32",
  [Elem.uint64]: "uint64",
};

/** The binding in use: a process cannot load it from two places. */
let loaded: Binding | undefined;

/** The binding with the CUDA provider, where the environment names a folder that has it; else as the package has it. */
function bindingOf(require: NodeJS.Require): Binding {
  let folder: string | undefined;
  try {
    folder = cudaFolder();
  } catch {
    // of no interest to who does not ask for CUDA
  }
  return folder === undefined
    ? (require("onnxruntime-node/dist/binding.js") as { readonly binding: Binding }).binding
    : (loadCudaBinding(require, folder) as Binding);
}

/**
 * Loads the binding.
 * @param cuda whether for the CUDA provider
 * @throws Error where it does not load, or the folder with that provider lacks something
 */
export function loadBinding(cuda: boolean): Native {
  const require = createRequire(import.meta.url);
  const { version } = require("onnxruntime-node/package.json") as { version: string };
  if (cuda) cudaFolder();
  loaded ??= bindingOf(require);
  const binding = loaded;
  const results = resultsLeftOut(createRequire(require.resolve("onnxruntime-node")));
  binding.initOrtOnce(FATAL, results.constructor, isMainThread);
  return {
    version,
    providers: binding.listSupportedBackends().map(({ name }) => name),
    newSession: () => new binding.InferenceSession(),
    leftOut: results.leftOut,
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

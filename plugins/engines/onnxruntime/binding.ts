/**
 * onnxruntime-node's binding, and what it takes to have it write outputs where they belong.
 *
 * The package's public API answers with promises, but its binding is synchronous: it is taken directly, so that
 * `dataSync()` works and a step costs no turn of the event loop.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { isMainThread } from "node:worker_threads";
import { cudaFolder, withCuda } from "./cuda.ts";
import { Elem } from "./model.ts";

/** A tensor as the binding has it. */
export interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  readonly location: "cpu";
}

/** A session of the binding. */
export interface NativeSession {
  loadModel(buffer: ArrayBuffer, offset: number, length: number, options: object): void;
  run(feeds: Record<string, Tensor>, fetches: Record<string, Tensor>, options: object): object;
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

/** The library's file, on any system. */
const LIBRARY = /^(lib)?onnxruntime\.(so\.\d+|.*dylib|dll)$/;

/** What onnxruntime-node's package has for this system: its folder, and where the library lies. */
export interface Installed {
  readonly version: string;
  readonly folder: string;
  readonly library: string;
}

/**
 * Finds the library, with the CUDA provider beside it where the environment names a folder that has it.
 * @param cuda whether that is asked for
 * @throws Error where the package is not there, or that folder lacks something
 */
export function installed(cuda: boolean): Installed {
  const require = createRequire(import.meta.url);
  const { version } = require("onnxruntime-node/package.json") as { version: string };
  const { platform, arch } = process;
  const own = dirname(
    require.resolve(`onnxruntime-node/bin/napi-v6/${platform}/${arch}/onnxruntime_binding.node`),
  );
  const folder = withProviders(own, cuda);
  const names = readdirSync(folder).filter((name) => LIBRARY.test(name));
  const file = names.toSorted((a, b) => a.length - b.length)[0]; // on macOS the name that the binding asks for
  if (file === undefined) throw new Error(`onnxruntime-node ${version} has no library in ${folder}`);
  return { version, folder, library: join(folder, file) };
}

function withProviders(own: string, cuda: boolean): string {
  let named: string | undefined;
  try {
    named = cudaFolder();
  } catch (error) {
    if (cuda) throw error; // of no interest to who does not ask for CUDA
  }
  return named === undefined ? own : withCuda(own, named);
}

/**
 * Loads the binding.
 * @throws Error where it does not load
 */
export function loadBinding(): Native {
  const { version, folder } = installed(false);
  const require = createRequire(import.meta.url);
  loaded ??= require(join(folder, "onnxruntime_binding.node")) as Binding;
  const binding = loaded;
  const results = resultsLeftOut(createRequire(require.resolve("onnxruntime-node/package.json")));
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

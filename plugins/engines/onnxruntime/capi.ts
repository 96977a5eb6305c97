/**
 * ONNX Runtime's C functions, called directly. Its binding for Node lacks what training on a device needs: values that
 * stay there on any provider, outputs that are written where they belong, and graphs that the device replays by itself.
 * https://onnxruntime.ai/docs/api/c/struct_ort_api.html
 *
 * @module
 */
import { createRequire } from "node:module";
import { messageOf } from "../../../core/mod.ts";
import type { Elem } from "./model.ts";
import type { Data } from "./value.ts";

/** What a C function calls by address. */
export type Pointer = bigint | object;

/** A tensor of the library's: of memory here, or on the device. */
export interface Tensor {
  readonly pointer: Pointer;
  /** Where its elements lie; of no meaning here for those on a device. */
  address(): Pointer;
  dispose(): void;
}

/** A session of the library's. */
export interface DirectSession {
  /** Fresh memory where the session computes; it outlives no session, so one that is never disposed gives it. */
  allocate(elem: Elem, shape: readonly number[]): Tensor;
  /** A set of ends for runs. */
  bind(inputs: Readonly<Record<string, Tensor>>, outputs: Readonly<Record<string, Tensor>>): Binding;
  dispose(): void;
}

/** Ends of runs, set up once. */
export interface Binding {
  /** Runs, and waits until the outputs are written. */
  run(): void;
  dispose(): void;
}

/** What a session is made with. */
export interface DirectSettings {
  readonly provider: DirectProvider;
  /** The provider's own, by name. */
  readonly options: Readonly<Record<string, string>>;
  /** Entries of the session's configuration. */
  readonly config: Readonly<Record<string, string>>;
}

/** Providers that are called directly: those whose memory is a device's, and the processor, for tests of what they share. */
export type DirectProvider = "webgpu" | "cuda" | "cpu";

/** The library, ready to make sessions. */
export interface DirectLibrary {
  session(model: Uint8Array, settings: DirectSettings): DirectSession;
  /** Elements here as a tensor; they must stay alive as long as it. */
  here(data: Data, elem: Elem, shape: readonly number[]): Tensor;
  /** Elements of another tensor, on the provider's device, under a shape of the same size. */
  there(
    tensor: Tensor,
    bytes: number,
    provider: DirectProvider,
    elem: Elem,
    shape: readonly number[],
  ): Tensor;
}

/** The version of the functions asked for, and their places in its table, which never change. */
const VERSION = 22;
const PLACES = {
  GetErrorMessage: 2,
  CreateEnv: 3,
  CreateSessionFromArray: 8,
  CreateSessionOptions: 10,
  SetSessionLogSeverityLevel: 22,
  SetIntraOpNumThreads: 24,
  CreateRunOptions: 39,
  RunOptionsSetRunLogSeverityLevel: 41,
  CreateTensorAsOrtValue: 48,
  CreateTensorWithDataAsOrtValue: 49,
  GetTensorMutableData: 51,
  CreateMemoryInfo: 68,
  ReleaseStatus: 93,
  ReleaseSession: 95,
  ReleaseValue: 96,
  ReleaseSessionOptions: 100,
  AddSessionConfigEntry: 130,
  CreateAllocator: 131,
  ReleaseAllocator: 132,
  RunWithBinding: 133,
  CreateIoBinding: 134,
  ReleaseIoBinding: 135,
  BindInput: 136,
  BindOutput: 137,
  SessionOptionsAppendExecutionProvider_CUDA_V2: 204,
  CreateCUDAProviderOptions: 205,
  UpdateCUDAProviderOptions: 206,
  ReleaseCUDAProviderOptions: 208,
  SessionOptionsAppendExecutionProvider: 216,
} as const;

type Name = keyof typeof PLACES;

/** What they take, "out" being where they put what they make; each that is not a release returns a status. */
const TAKES: Readonly<Record<Name, string>> = {
  GetErrorMessage: "void *status",
  CreateEnv: "int level, const char *id, _Out_ void **out",
  CreateSessionFromArray: "void *env, const void *model, size_t bytes, void *options, _Out_ void **out",
  CreateSessionOptions: "_Out_ void **out",
  SetSessionLogSeverityLevel: "void *options, int level",
  SetIntraOpNumThreads: "void *options, int threads",
  CreateRunOptions: "_Out_ void **out",
  RunOptionsSetRunLogSeverityLevel: "void *options, int level",
  CreateTensorAsOrtValue: "void *allocator, int64_t *shape, size_t rank, int elem, _Out_ void **out",
  CreateTensorWithDataAsOrtValue:
    "void *place, void *data, size_t bytes, int64_t *shape, size_t rank, int elem, _Out_ void **out",
  GetTensorMutableData: "void *value, _Out_ void **out",
  CreateMemoryInfo: "const char *name, int allocator, int device, int kind, _Out_ void **out",
  ReleaseStatus: "void *status",
  ReleaseSession: "void *session",
  ReleaseValue: "void *value",
  ReleaseSessionOptions: "void *options",
  AddSessionConfigEntry: "void *options, const char *key, const char *value",
  CreateAllocator: "void *session, void *place, _Out_ void **out",
  ReleaseAllocator: "void *allocator",
  RunWithBinding: "void *session, void *options, void *binding",
  CreateIoBinding: "void *session, _Out_ void **out",
  ReleaseIoBinding: "void *binding",
  BindInput: "void *binding, const char *name, void *value",
  BindOutput: "void *binding, const char *name, void *value",
  SessionOptionsAppendExecutionProvider_CUDA_V2: "void *options, void *cuda",
  CreateCUDAProviderOptions: "_Out_ void **out",
  UpdateCUDAProviderOptions: "void *cuda, const char **keys, const char **values, size_t count",
  ReleaseCUDAProviderOptions: "void *cuda",
  SessionOptionsAppendExecutionProvider:
    "void *options, const char *name, const char **keys, const char **values, size_t count",
};

/** Of the library's own messages, those that end the process: what else goes wrong is thrown. */
const FATAL = 4;

/** Names that providers give to their device's memory. */
const MEMORY: Readonly<Record<DirectProvider, string>> = {
  webgpu: "WebGPU_Buf",
  cuda: "Cuda",
  cpu: "Cpu",
};

type Call = (...given: readonly unknown[]) => unknown;

/**
 * Opens the library.
 * @param path the file
 * @throws Error where it does not load; CallerMissing where koffi, which calls it, does not
 */
export function openLibrary(path: string): DirectLibrary {
  const call = functionsOf(path);
  /** Calls a function that makes something, and returns that. */
  const make = (name: Name, ...given: readonly unknown[]): Pointer => {
    const out: [Pointer | null] = [null];
    call(name, ...given, out);
    return out[0]!;
  };
  const env = make("CreateEnv", FATAL, "dsgan");
  const quiet = make("CreateRunOptions");
  call("RunOptionsSetRunLogSeverityLevel", quiet, FATAL);
  const places = new Map<string, Pointer>();
  const place = (name: string): Pointer => {
    const known = places.get(name) ?? make("CreateMemoryInfo", name, 0, 0, 0);
    places.set(name, known);
    return known;
  };
  const tensor = (pointer: Pointer): Tensor => ({
    pointer,
    address: () => make("GetTensorMutableData", pointer),
    dispose: () => void call("ReleaseValue", pointer),
  });
  const over = (
    memory: string,
    data: Data | Pointer,
    bytes: number,
    elem: Elem,
    shape: readonly number[],
  ): Tensor =>
    tensor(
      make("CreateTensorWithDataAsOrtValue", place(memory), data, bytes, [...shape], shape.length, elem),
    );

  return {
    session(model, { provider, options, config }) {
      const settings = make("CreateSessionOptions");
      let session: Pointer;
      try {
        call("SetSessionLogSeverityLevel", settings, FATAL);
        call("SetIntraOpNumThreads", settings, 1);
        for (const key in config) call("AddSessionConfigEntry", settings, key, config[key]);
        const [keys, values] = [Object.keys(options), Object.values(options)];
        if (provider === "cuda") {
          const cuda = make("CreateCUDAProviderOptions");
          try {
            call("UpdateCUDAProviderOptions", cuda, keys, values, keys.length);
            call("SessionOptionsAppendExecutionProvider_CUDA_V2", settings, cuda);
          } finally {
            call("ReleaseCUDAProviderOptions", cuda);
          }
        } else if (provider === "webgpu") {
          call("SessionOptionsAppendExecutionProvider", settings, "WebGPU", keys, values, keys.length);
        }
        session = make("CreateSessionFromArray", env, model, model.byteLength, settings);
      } finally {
        call("ReleaseSessionOptions", settings);
      }
      let allocator: Pointer | undefined;
      return {
        allocate(elem, shape) {
          allocator ??= make("CreateAllocator", session, place(MEMORY[provider]));
          return tensor(make("CreateTensorAsOrtValue", allocator, [...shape], shape.length, elem));
        },
        bind(inputs, outputs) {
          const binding = make("CreateIoBinding", session);
          try {
            for (const name in inputs) call("BindInput", binding, name, inputs[name]!.pointer);
            for (const name in outputs) call("BindOutput", binding, name, outputs[name]!.pointer);
          } catch (error) {
            call("ReleaseIoBinding", binding);
            throw error;
          }
          return {
            run: () => void call("RunWithBinding", session, quiet, binding),
            dispose: () => void call("ReleaseIoBinding", binding),
          };
        },
        dispose() {
          if (allocator !== undefined) call("ReleaseAllocator", allocator);
          call("ReleaseSession", session);
        },
      };
    },
    here: (data, elem, shape) => over(MEMORY.cpu, data, data.byteLength, elem, shape),
    there: (of, bytes, provider, elem, shape) => over(MEMORY[provider], of.address(), bytes, elem, shape),
  };
}

/** The package that calls C functions does not load: that is no matter of a GPU. */
export class CallerMissing extends Error {}

/** @throws CallerMissing where it does not load */
function loadKoffi(): typeof import("koffi") {
  try {
    return createRequire(import.meta.url)("koffi") as typeof import("koffi");
  } catch (cause) {
    const [why] = messageOf(cause).trim().split("\n");
    throw new CallerMissing(
      `the package koffi, which calls ONNX Runtime's library, does not load (${why}): npm install koffi`,
      { cause },
    );
  }
}

/** Prototypes, made once: their names are koffi's for the whole process. */
let prototypes: Readonly<Record<Name | "GetApi", object>> | undefined;

/** Libraries in use: koffi closes one that nothing refers to, and functions that are known by address do not count. */
const opened: object[] = [];

/** The functions, by name. What they say has gone wrong is thrown. */
function functionsOf(path: string): (name: Name, ...given: readonly unknown[]) => unknown {
  const koffi = loadKoffi();
  const names = Object.keys(PLACES) as Name[];
  prototypes ??= Object.fromEntries([
    ["GetApi", koffi.proto("void *Ort_GetApi(uint32_t version)")],
    ...names.map((name) => {
      const result =
        name === "GetErrorMessage" ? "const char *" : name.startsWith("Release") ? "void " : "void *";
      return [name, koffi.proto(`${result}Ort_${name}(${TAKES[name]})`)];
    }),
  ]) as Record<Name | "GetApi", object>;
  const functionAt = (at: unknown, name: Name | "GetApi"): Call =>
    koffi.decode(at, prototypes![name] as never) as Call;

  const library = koffi.load(path);
  opened.push(library);
  const base = library.func("OrtGetApiBase", "void *", [])() as Pointer;
  const [getApi] = koffi.decode(base, "void *", 1) as [Pointer];
  const table = koffi.decode(
    functionAt(getApi, "GetApi")(VERSION),
    "void *",
    Math.max(...Object.values(PLACES)) + 1,
  ) as Pointer[];
  const functions = Object.fromEntries(
    names.map((name) => [name, functionAt(table[PLACES[name]], name)]),
  ) as Record<Name, Call>;
  return (name, ...given) => {
    const status = functions[name](...given);
    if (status === null || status === undefined) return undefined;
    const message = functions.GetErrorMessage(status) as string;
    functions.ReleaseStatus(status);
    throw new Error(message);
  };
}

/**
 * ONNX Runtime as WebAssembly, where the native library does not load.
 *
 * onnxruntime-web's public API answers with promises; the module that it wraps is synchronous once it is compiled, and
 * is taken directly, so that `dataSync()` works here as it does natively. Its threads belong to the module, not to a
 * session: all programs have them, or none.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { type Feed, PLAIN, type Runtime, type Session } from "./runtime.ts";
import type { Data } from "./value.ts";

/** What is used of the Emscripten module (onnxruntime-web/lib/wasm/wasm-types.ts). */
interface Wasm {
  readonly HEAPU8: Uint8Array;
  readonly PTR_SIZE: number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  stackSave(): number;
  stackAlloc(bytes: number): number;
  stackRestore(stack: number): void;
  setValue(pointer: number, value: number, type: "*" | "i32"): void;
  getValue(pointer: number, type: "*" | "i32"): number;
  UTF8ToString(pointer: number): string;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, bytes: number): void;
  _OrtInit(threads: number, logLevel: number): number;
  _OrtGetLastError(code: number, message: number): number;
  _OrtCreateSessionOptions(...settings: (number | boolean)[]): number;
  _OrtReleaseSessionOptions(options: number): number;
  _OrtCreateSession(model: number, bytes: number, options: number): number;
  _OrtReleaseSession(session: number): number;
  _OrtCreateTensor(
    type: number,
    data: number,
    bytes: number,
    dims: number,
    rank: number,
    where: number,
  ): number;
  _OrtReleaseTensor(tensor: number): number;
  _OrtRun(...call: number[]): number;
}

/** ONNX Runtime's numbers for what is asked of it below. */
const ALL_OPTIMISATIONS = 99;
const SEQUENTIAL = 0;
const FATAL = 4;
const IN_MAIN_MEMORY = 1;

const loading = new Map<number, Promise<Runtime>>();

/** Loads onnxruntime-web, with one thread where more can't be started; once, however often it is called. */
export function loadWeb(threads: number): Promise<Runtime> {
  const loaded =
    loading.get(threads) ?? load(threads).catch((error) => (threads > 1 ? load(1) : Promise.reject(error)));
  loading.set(threads, loaded);
  return loaded;
}

async function load(threads: number): Promise<Runtime> {
  const require = createRequire(import.meta.url);
  const path = require.resolve("onnxruntime-web/ort-wasm-simd-threaded.mjs");
  const { default: factory } = (await import(pathToFileURL(path).href)) as {
    default(config: object): Promise<Wasm>;
  };
  const wasmBinary = await readFile(require.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
  const wasm = await factory({ numThreads: threads, wasmBinary, locateFile: (name: string) => name });
  check(wasm, wasm._OrtInit(threads, FATAL) === 0, "onnxruntime-web does not start");
  const { version } = JSON.parse(
    await readFile(path.replace(/dist[\\/][^\\/]+$/, "package.json"), "utf8"),
  ) as { version: string };
  return {
    name: "onnxruntime-web",
    version,
    maxThreads: threads,
    place: "WebAssembly with SIMD",
    dialect: PLAIN,
    device: undefined,
    compile: (model) => newSession(wasm, model),
  };
}

/** A tensor at a fixed place in the module's memory. */
interface Slot {
  readonly name: number;
  readonly data: number;
  readonly tensor: number;
}

function newSession(wasm: Wasm, model: Uint8Array): Session {
  const options = wasm._OrtCreateSessionOptions(
    ALL_OPTIMISATIONS,
    true,
    true,
    SEQUENTIAL,
    false,
    0,
    0,
    FATAL,
    0,
    0,
  );
  check(wasm, options !== 0, "no session options");
  const bytes = wasm._malloc(model.byteLength);
  wasm.HEAPU8.set(model, bytes);
  const session = wasm._OrtCreateSession(bytes, model.byteLength, options);
  wasm._free(bytes);
  wasm._OrtReleaseSessionOptions(options);
  check(wasm, session !== 0, "no session");
  const slots = new Map<string, Slot>();
  // shapes never change within a session: a tensor is made at its first use and kept
  const slotOf = (name: string, { elem, shape, data }: Feed & { readonly data: Data }): Slot => {
    let slot = slots.get(name);
    if (slot === undefined) {
      const at = wasm._malloc(Math.max(1, data.byteLength));
      slot = { name: utf8(wasm, name), data: at, tensor: newTensor(wasm, elem, shape, at, data.byteLength) };
      slots.set(name, slot);
    }
    return slot;
  };
  return {
    run(feeds, fetches) {
      const inputs = Object.entries(feeds).map(([name, feed]) => {
        const data = feed.data as Data; // there is no device here
        const slot = slotOf(name, { ...feed, data });
        wasm.HEAPU8.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), slot.data);
        return slot;
      });
      const outputs = Object.entries(fetches).map(([name, buffer]) => slotOf(name, buffer));
      const stack = wasm.stackSave();
      try {
        const list = (values: number[]): number => {
          const at = wasm.stackAlloc(Math.max(1, values.length) * wasm.PTR_SIZE);
          values.forEach((value, i) => void wasm.setValue(at + i * wasm.PTR_SIZE, value, "*"));
          return at;
        };
        const code = wasm._OrtRun(
          session,
          list(inputs.map(({ name }) => name)),
          list(inputs.map(({ tensor }) => tensor)),
          inputs.length,
          list(outputs.map(({ name }) => name)),
          outputs.length,
          list(outputs.map(({ tensor }) => tensor)),
          0,
        );
        check(wasm, code === 0, "the run failed");
      } finally {
        wasm.stackRestore(stack);
      }
      Object.values(fetches).forEach(({ data }, i) => {
        const at = outputs[i]!.data;
        const to = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        to.set(wasm.HEAPU8.subarray(at, at + data.byteLength));
      });
      return {};
    },
    dispose() {
      for (const { name, data, tensor } of slots.values()) {
        wasm._OrtReleaseTensor(tensor);
        wasm._free(data);
        wasm._free(name);
      }
      slots.clear();
      wasm._OrtReleaseSession(session);
    },
  };
}

function newTensor(wasm: Wasm, elem: number, shape: readonly number[], at: number, bytes: number): number {
  const stack = wasm.stackSave();
  const dims = wasm.stackAlloc(Math.max(1, shape.length) * wasm.PTR_SIZE);
  shape.forEach((n, i) => void wasm.setValue(dims + i * wasm.PTR_SIZE, n, "i32"));
  const tensor = wasm._OrtCreateTensor(elem, at, bytes, dims, shape.length, IN_MAIN_MEMORY);
  wasm.stackRestore(stack);
  check(wasm, tensor !== 0, "no tensor");
  return tensor;
}

function utf8(wasm: Wasm, text: string): number {
  const bytes = wasm.lengthBytesUTF8(text) + 1;
  const at = wasm._malloc(bytes);
  wasm.stringToUTF8(text, at, bytes);
  return at;
}

function check(wasm: Wasm, holds: boolean, what: string): void {
  if (holds) return;
  const stack = wasm.stackSave();
  const at = wasm.stackAlloc(2 * wasm.PTR_SIZE);
  wasm._OrtGetLastError(at, at + wasm.PTR_SIZE);
  const message = wasm.getValue(at + wasm.PTR_SIZE, "*");
  const text = message ? wasm.UTF8ToString(message) : "no reason given";
  wasm.stackRestore(stack);
  throw new Error(`${what}: ${text}`);
}

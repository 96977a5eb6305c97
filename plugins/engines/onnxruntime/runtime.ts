/**
 * What runs ONNX models: the same small surface over the native library and over WebAssembly.
 *
 * @module
 */
import type { Elem } from "./model.ts";
import type { Data } from "./value.ts";

/** A tensor on its way in or out. */
export interface Buffer {
  readonly elem: Elem;
  readonly shape: readonly number[];
  readonly data: Data;
}

/** A compiled model. */
export interface Session {
  /** Runs at once, in this thread. Outputs are written into the data given for them. */
  run(feeds: Readonly<Record<string, Buffer>>, fetches: Readonly<Record<string, Buffer>>): void;
  dispose(): void;
}

/** How a model is to be compiled. */
export interface SessionSettings {
  readonly threads: number;
}

/** A loaded ONNX Runtime. */
export interface Runtime {
  readonly name: "onnxruntime-node" | "onnxruntime-web";
  readonly version: string;
  /** The most threads that it can use. */
  readonly maxThreads: number;
  /** Where models run, in words. */
  readonly device: string;
  /** Channels that its fastest convolutions keep together (see kernels/blocked.ts); undefined where it has none. */
  readonly block: number | undefined;
  compile(model: Uint8Array, settings: SessionSettings): Session;
}

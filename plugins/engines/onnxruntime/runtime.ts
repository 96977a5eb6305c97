/**
 * What runs ONNX models: the same small surface over the native library and over WebAssembly.
 *
 * @module
 */
import type { Elem } from "./model.ts";
import type { Data, Resident, Stored } from "./value.ts";

/** A named tensor of a fixed shape. */
export interface Port {
  readonly name: string;
  readonly elem: Elem;
  readonly shape: readonly number[];
}

/** A place on a device for an end of a model. */
export interface Placed extends Port {
  readonly place: Resident;
}

/** A tensor on its way out. */
export interface Buffer {
  readonly elem: Elem;
  readonly shape: readonly number[];
  readonly data: Data;
}

/** A tensor on its way in. */
export interface Feed {
  readonly elem: Elem;
  readonly shape: readonly number[];
  readonly data: Stored;
}

/** A compiled model. */
export interface Session {
  /**
   * Runs at once, in this thread. Outputs are written into the data given for them.
   * @returns the outputs that its settings leave on the device, by name
   */
  run(
    feeds: Readonly<Record<string, Feed>>,
    fetches: Readonly<Record<string, Buffer>>,
  ): Readonly<Record<string, Resident>>;
  dispose(): void;
}

/** How a model is to be compiled. */
export interface SessionSettings {
  readonly threads: number;
  /** Outputs to be left on the device. */
  readonly kept?: readonly Port[];
  /** Fails where a node is left to the processor. */
  readonly strict?: boolean;
  /** Nodes for the processor, by name, though the device has kernels for them. */
  readonly onProcessor?: readonly string[];
}

/** What is particular to a runtime in the graphs that are recorded for it. */
export interface Dialect {
  /** Channels that its fastest convolutions keep together (see kernels/blocked.ts); undefined where it has none. */
  readonly block: number | undefined;
  /** Most outputs that a node may have. */
  readonly outputs: number;
  /** Whether shaders compute: what they make of NaN is left open to them, and they walk forwards only. */
  readonly shaders: boolean;
}

/** The dialect of any runtime. */
export const PLAIN: Dialect = { block: undefined, outputs: Number.POSITIVE_INFINITY, shaders: false };

/** A model that always runs between the same places. */
export interface Fixed {
  run(): void;
  dispose(): void;
}

/** A device with a memory of its own. */
export interface Device {
  /** Memory there, of no meaning yet. */
  place(elem: Elem, shape: readonly number[]): Resident;
  /** Copies elements there. */
  upload(data: Data, elem: Elem, shape: readonly number[]): Resident;
  /** Copies elements to a place there. */
  write(data: Data, elem: Elem, to: Resident): void;
  /** Copies elements from one place there to another. */
  copy(from: Resident, to: Resident): void;
  readonly counts: DeviceCounts;
  /** Its name, as far as it can be told. */
  readonly name: string;
  /** Whether it is the processor that acts it. */
  readonly software: boolean;
  /** Why it can compute no more; undefined while it can. */
  readonly broken: () => Error | undefined;
}

/** Counters of a device, for tests and profiles. */
export interface DeviceCounts {
  /** Values that lie there, and their bytes. */
  readonly residents: number;
  readonly residentBytes: number;
  /** Tensors brought there, those fed to a run included, and their bytes. */
  readonly uploads: number;
  readonly uploadedBytes: number;
  /** Tensors brought back, the outputs of runs included, and their bytes. */
  readonly downloads: number;
  readonly downloadedBytes: number;
}

/** A loaded ONNX Runtime. */
export interface Runtime {
  readonly name: "onnxruntime-node" | "onnxruntime-web";
  readonly version: string;
  /** The most threads that it can use. */
  readonly maxThreads: number;
  /** Where models run, in words. */
  readonly place: string;
  readonly dialect: Dialect;
  /** Where values can be kept between runs; undefined where that is this process's own memory. */
  readonly device: Device | undefined;
  compile(model: Uint8Array, settings: SessionSettings): Session;
  /**
   * Compiles a model that always runs between the same places: the device takes down what it does, and repeats that by itself.
   * @throws Error where a node would be left to the processor
   */
  fix?(model: Uint8Array, inputs: readonly Placed[], outputs: readonly Placed[]): Fixed;
}

/**
 * Values: what tensors hold, computed or still to be computed.
 *
 * @module
 */
import type { tf } from "../../../core/mod.ts";
import { type Attributes, Elem } from "./model.ts";

/** The elements of a computed value; bool as bytes 0 and 1. */
export type Data = Float32Array | Int32Array | Uint8Array | BigInt64Array | BigUint64Array | Uint32Array;

/** Elements that lie on a device. */
export interface Resident {
  readonly bytes: number;
  /** What the runtime knows them by. */
  readonly handle: unknown;
  /** Copies them here. */
  read(): Data;
  /** Frees them; once. */
  dispose(): void;
}

/** Elements, wherever they lie. */
export type Stored = Data | Resident;

/** Whether elements lie on a device. */
export function isResident(stored: Stored): stored is Resident {
  return "handle" in stored;
}

/** A tensor's worth of numbers: uploaded, computed, constant, or the output of a node that has not run yet. */
export interface Value {
  readonly elem: Elem;
  readonly shape: readonly number[];
  /** The node that makes it, until that has run. */
  node: Node | undefined;
  /** The elements, where they are here: see {@link hostOf}. */
  data: Data | undefined;
  /** The elements, where they are on a device: there alone, or there too. */
  device: Resident | undefined;
  /** How often they went to a device. */
  fed: number;
  /** Part of the graph's structure: the number of an interned constant. */
  readonly constant: number | undefined;
  /** Tensors (data ids) that hold it. A value that nobody holds is not kept. */
  holders: number;
  /** Known to be zero throughout: what a gradient is where nothing flows back. */
  zero: boolean;
  /** Rows of a table on a device, until somebody asks for them: of no node and no data. */
  rows: Rows | undefined;
  /** A table on a device, which outlives the programs that read it: its number. */
  readonly table: number | undefined;
  /** The engine made `data` and nobody else has seen it: it may be used again. */
  owned: boolean;
  /** Its number within the graph being compiled. */
  mark: number;
  /** What was made of it so far, by how: several consumers share it. */
  made: Map<string, Value> | undefined;
  /** If it is another value's elements in another order: of which, and how. */
  form: Form | undefined;
}

/** Rows of a table on a device. */
export interface Rows {
  readonly table: Value;
  /** Which, int32 `[m]`; each of them is there. */
  readonly indices: Value;
  /** Their numbers, made here. */
  here(): Float32Array;
}

/** A value under a shape of the same size: reshaping costs nothing until a node wants it. */
export interface View {
  readonly value: Value;
  readonly shape: readonly number[];
}

/**
 * How the elements of one value are those of another, in another order: the axes of `from` in the order `perm`, then
 * joined, `parts[i]` of them at a time, to those of `shape`.
 */
export interface Form {
  readonly from: View;
  readonly perm: readonly number[];
  readonly parts: readonly number[];
  readonly shape: readonly number[];
}

/** One ONNX node that has been recorded. */
export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly attributes: Attributes;
  /** Undefined for an optional input left out. */
  readonly inputs: readonly (View | undefined)[];
  readonly outputs: Value[];
  /** The interned number of everything above but the inputs. */
  readonly signature: number;
  /** The tfjs kernel that recorded it. */
  readonly kernel: string;
  alive: boolean;
}

/** A value that has not been made yet, or whose data is given. */
export function newValue(elem: Elem, shape: readonly number[], rest: Partial<Value> = {}): Value {
  return {
    elem,
    shape,
    node: undefined,
    data: undefined,
    device: undefined,
    fed: 0,
    constant: undefined,
    holders: 0,
    zero: false,
    rows: undefined,
    table: undefined,
    owned: false,
    mark: -1,
    made: undefined,
    form: undefined,
    ...rest,
  };
}

/** A computed value's elements, brought here if need be; undefined where they were lost. */
export function hostOf(value: Pick<Value, "data" | "device">): Data | undefined {
  value.data ??= value.device?.read();
  return value.data;
}

/** Whether a value is computed and not lost. */
export function isComputed({ data, device }: Value): boolean {
  return data !== undefined || device !== undefined;
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** The ONNX type of a tfjs type. */
export function elemOf(dtype: tf.DataType): Elem {
  if (dtype === "float32") return Elem.float32;
  if (dtype === "int32") return Elem.int32;
  if (dtype === "bool") return Elem.bool;
  throw new Error(`tensors of type ${dtype} have no ONNX form`);
}

/** The tfjs type of an ONNX type. */
export function dtypeOf(elem: Elem): "float32" | "int32" | "bool" {
  if (elem === Elem.float32) return "float32";
  if (elem === Elem.int32) return "int32";
  if (elem === Elem.bool) return "bool";
  throw new Error(`values of ONNX's type ${elem} have no tfjs form`);
}

/** Fresh elements. */
export function allocate(elem: Elem, size: number): Data {
  if (elem === Elem.float32) return new Float32Array(size);
  if (elem === Elem.int32) return new Int32Array(size);
  if (elem === Elem.int64) return new BigInt64Array(size);
  if (elem === Elem.uint64) return new BigUint64Array(size);
  if (elem === Elem.uint32) return new Uint32Array(size);
  return new Uint8Array(size);
}

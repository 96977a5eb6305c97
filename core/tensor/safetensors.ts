/**
 * Safetensors: named tensors as one file, which Python and most other languages read too. Eight bytes with the header's
 * length, a header in JSON, then the values, little-endian and without gaps.
 * Format: https://huggingface.co/docs/safetensors
 *
 * @module
 */
import { InputError, messageOf } from "../plugin/errors.ts";
import { sizeOf } from "./key.ts";

/** Values of a tensor with their shape. */
export interface StoredTensor {
  readonly dtype: "float32" | "int32" | "bool";
  readonly shape: readonly number[];
  /** Row by row; a byte each for bool. */
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** What a file holds. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Tensors that the file has beside them, with why they cannot be read. */
  readonly unread: ReadonlyMap<string, string>;
  /** Free text by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

const NAMES = { float32: "F32", int32: "I32", bool: "BOOL" } as const;

/** The header's entry of a tensor. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

/** The bytes of a file of the given tensors. */
export function encodeTensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let end = 0;
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  for (const [name, { dtype, shape, values }] of tensors) {
    if (name === "__metadata__") throw new TypeError("a tensor cannot be named __metadata__");
    header[name] = { dtype: NAMES[dtype], shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / 8) * 8; // values are aligned, as the format asks for
  const bytes = new Uint8Array(8 + padded + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  bytes.fill(0x20, 8 + text.length, 8 + padded);
  let at = 8 + padded;
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

/**
 * Reads a file of tensors.
 * @param file names it in messages
 * @throws InputError where it is damaged
 */
export function decodeTensors(bytes: Uint8Array, file: string): TensorFile {
  const fail = (what: string): never => {
    throw new InputError(`${file}: not a sound safetensors file: ${what}`);
  };
  if (bytes.length < 8) fail(`it has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const start = 8 + length;
  if (start > bytes.length) fail(`its header is to have ${length} bytes, the file has ${bytes.length}`);
  let header: Record<string, Entry | Record<string, string>>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (error) {
    return fail(`its header is not JSON (${messageOf(error)})`);
  }
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = new Map<string, StoredTensor>();
  const unread = new Map<string, string>();
  for (const [name, entry] of Object.entries(entries as Record<string, Entry>)) {
    const [begin, end] = Array.isArray(entry?.data_offsets) ? entry.data_offsets : [-1, -1];
    if (!(begin >= 0 && begin <= end && start + end <= bytes.length)) {
      fail(`tensor "${name}" lies outside of the file`);
    }
    const read = READ[entry.dtype];
    if (read === undefined) {
      unread.set(name, `it is of type ${entry.dtype}; known: ${Object.keys(READ).join(", ")}`);
      continue;
    }
    const [width, make] = read;
    const n = sizeOf(entry.shape);
    if (n * width !== end - begin) {
      fail(`tensor "${name}" of shape [${entry.shape}] has ${end - begin} bytes instead of ${n * width}`);
    }
    const raw = new Uint8Array(end - begin); // aligned, and its own: a Buffer's slice would share
    raw.set(bytes.subarray(start + begin, start + end));
    const values = make(raw, n);
    if (values === undefined) unread.set(name, `it holds ${entry.dtype} numbers beyond those of int32`);
    else tensors.set(name, { shape: entry.shape, ...values });
  }
  return { tensors, unread, metadata: metadata as Record<string, string> };
}

type Values = Omit<StoredTensor, "shape">;
const floats = (n: number, of: (i: number) => number): Values => ({
  dtype: "float32",
  values: Float32Array.from({ length: n }, (_, i) => of(i)),
});

/** Whole numbers as int32; nothing where one is beyond that. */
const wholes = (n: number, of: (i: number) => number): Values | undefined => {
  const values = Int32Array.from({ length: n }, (_, i) => of(i));
  return values.every((value, i) => value === of(i)) ? { dtype: "int32", values } : undefined;
};

type Reader = readonly [width: number, make: (raw: Uint8Array, n: number) => Values | undefined];

/** A type of which a view reads each value. */
const viewed = (
  width: number,
  make: typeof floats | typeof wholes,
  value: (view: DataView, at: number) => number,
): Reader => [
  width,
  (raw, n) => {
    const view = new DataView(raw.buffer);
    return make(n, (i) => value(view, i * width));
  },
];

/** Types that can be read: bytes a value, and how they become one of ours. Halves and doubles become float32. */
const READ: Readonly<Record<string, Reader>> = {
  F32: [4, (raw) => ({ dtype: "float32", values: new Float32Array(raw.buffer) })],
  I32: [4, (raw) => ({ dtype: "int32", values: new Int32Array(raw.buffer) })],
  BOOL: [1, (raw) => ({ dtype: "bool", values: raw })],
  U8: viewed(1, wholes, (view, at) => view.getUint8(at)),
  I8: viewed(1, wholes, (view, at) => view.getInt8(at)),
  U16: viewed(2, wholes, (view, at) => view.getUint16(at, true)),
  I16: viewed(2, wholes, (view, at) => view.getInt16(at, true)),
  U32: viewed(4, wholes, (view, at) => view.getUint32(at, true)),
  U64: viewed(8, wholes, (view, at) => Number(view.getBigUint64(at, true))),
  I64: viewed(8, wholes, (view, at) => Number(view.getBigInt64(at, true))),
  F64: viewed(8, floats, (view, at) => view.getFloat64(at, true)),
  F16: viewed(2, floats, (view, at) => halfOf(view.getUint16(at, true))),
  BF16: viewed(2, floats, (view, at) => brainOf(view.getUint16(at, true))),
};

/** The value of an IEEE half. */
export function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The value of a bfloat16: the upper half of a float32. */
function brainOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}

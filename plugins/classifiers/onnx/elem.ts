/**
 * Types of elements by ONNX's numbers, and how their values are kept: as JavaScript's typed arrays, 64-bit whole
 * numbers as doubles, halves as single floats.
 *
 * @module
 */

/** The types that are read. */
export const Elem = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;
/** The number of a type of elements. */
export type Elem = (typeof Elem)[keyof typeof Elem];

/** Values of a tensor. */
export type Numbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

interface Kind {
  readonly name: string;
  /** Bytes of an element in a file. */
  readonly width: number;
  readonly real: boolean;
  make(length: number): Numbers;
  /** An element, little-endian. */
  read(view: DataView, at: number): number;
}

const kind = (
  name: string,
  width: number,
  make: (length: number) => Numbers,
  read: Kind["read"],
  real = false,
): Kind => ({ name, width, make, read, real });

const KINDS: Readonly<Record<Elem, Kind>> = {
  [Elem.float]: kind(
    "float",
    4,
    (n) => new Float32Array(n),
    (v, i) => v.getFloat32(i, true),
    true,
  ),
  [Elem.uint8]: kind(
    "uint8",
    1,
    (n) => new Uint8Array(n),
    (v, i) => v.getUint8(i),
  ),
  [Elem.int8]: kind(
    "int8",
    1,
    (n) => new Int8Array(n),
    (v, i) => v.getInt8(i),
  ),
  [Elem.uint16]: kind(
    "uint16",
    2,
    (n) => new Uint16Array(n),
    (v, i) => v.getUint16(i, true),
  ),
  [Elem.int16]: kind(
    "int16",
    2,
    (n) => new Int16Array(n),
    (v, i) => v.getInt16(i, true),
  ),
  [Elem.int32]: kind(
    "int32",
    4,
    (n) => new Int32Array(n),
    (v, i) => v.getInt32(i, true),
  ),
  [Elem.int64]: kind(
    "int64",
    8,
    (n) => new Float64Array(n),
    (v, i) => Number(v.getBigInt64(i, true)),
  ),
  [Elem.bool]: kind(
    "bool",
    1,
    (n) => new Uint8Array(n),
    (v, i) => Number(v.getUint8(i) !== 0),
  ),
  [Elem.float16]: kind(
    "float16",
    2,
    (n) => new Float32Array(n),
    (v, i) => half(v.getUint16(i, true)),
    true,
  ),
  [Elem.double]: kind(
    "double",
    8,
    (n) => new Float64Array(n),
    (v, i) => v.getFloat64(i, true),
    true,
  ),
  [Elem.uint32]: kind(
    "uint32",
    4,
    (n) => new Uint32Array(n),
    (v, i) => v.getUint32(i, true),
  ),
  [Elem.uint64]: kind(
    "uint64",
    8,
    (n) => new Float64Array(n),
    (v, i) => Number(v.getBigUint64(i, true)),
  ),
  [Elem.bfloat16]: kind(
    "bfloat16",
    2,
    (n) => new Float32Array(n),
    (v, i) => brain(v.getUint16(i, true)),
    true,
  ),
};

/** What is known of a type. @throws Error where it isn't read */
export function kindOf(elem: number): Kind {
  const found = KINDS[elem as Elem];
  if (found === undefined) throw new Error(`elements of type ${elem}, which isn't supported`);
  return found;
}

/** Whether elements are real numbers rather than whole ones or truth values. */
export const isReal = (elem: number): boolean => kindOf(elem).real;

/** Whether elements have fewer digits than single floats. */
export const isCoarse = (elem: number): boolean => elem === Elem.float16 || elem === Elem.bfloat16;

/** Values out of a file's bytes, row by row. */
export function decoded(elem: number, bytes: Uint8Array, length: number): Numbers {
  const { width, make, read } = kindOf(elem);
  const out = make(length);
  if (elem === Elem.float && bytes.byteOffset % 4 === 0) {
    out.set(new Float32Array(bytes.buffer, bytes.byteOffset, length));
    return out;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < length; i++) out[i] = read(view, i * width);
  return out;
}

/** A half-precision float, IEEE 754 binary16, of its bits. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** The bits of the half nearest to a number, of two equally near the even one. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  word.setFloat32(0, value);
  const sign = (word.getUint32(0) >>> 16) & 0x8000;
  const exponent = ((word.getUint32(0) >>> 23) & 0xff) - 127;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (exponent < -14) return sign | nearest(size * 2 ** 24);
  return sign | (((exponent + 14) << 10) + nearest(size * 2 ** (10 - exponent))); // the leading 1 counts in the exponent
}

/** The nearest whole number, of two equally near the even one. */
function nearest(x: number): number {
  const below = Math.floor(x);
  const over = x - below;
  return over > 0.5 || (over === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** A bfloat16 of its bits: the upper half of a single float. */
export function brain(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

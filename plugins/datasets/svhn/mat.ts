/**
 * Numeric arrays of MATLAB's level 5 MAT-files, compressed or not: as much of the format as SVHN needs.
 * The MathWorks, "MAT-File Format", 2023.
 *
 * @module
 */
import { inflateSync } from "node:zlib";

/** An array of a file: its values as they are stored, the first dimension running fastest. */
export interface MatArray {
  readonly dimensions: readonly number[];
  readonly values: ArrayLike<number>;
}

const HEADER = 128;
const MI_MATRIX = 14;
const MI_COMPRESSED = 15;

/** Readers of the numeric types, by number. */
const readers: Record<number, (view: DataView, length: number) => ArrayLike<number>> = {
  1: (v, n) => Int8Array.from({ length: n }, (_, i) => v.getInt8(i)),
  2: (v, n) => new Uint8Array(v.buffer, v.byteOffset, n),
  3: (v, n) => Int16Array.from({ length: n / 2 }, (_, i) => v.getInt16(2 * i, true)),
  4: (v, n) => Uint16Array.from({ length: n / 2 }, (_, i) => v.getUint16(2 * i, true)),
  5: (v, n) => Int32Array.from({ length: n / 4 }, (_, i) => v.getInt32(4 * i, true)),
  6: (v, n) => Uint32Array.from({ length: n / 4 }, (_, i) => v.getUint32(4 * i, true)),
  7: (v, n) => Float32Array.from({ length: n / 4 }, (_, i) => v.getFloat32(4 * i, true)),
  9: (v, n) => Float64Array.from({ length: n / 8 }, (_, i) => v.getFloat64(8 * i, true)),
};

/**
 * Reads the arrays of a file, by name.
 * @throws Error saying what was expected and what was found
 */
export function parseMat(bytes: Uint8Array): ReadonlyMap<string, MatArray> {
  const view = viewOf(bytes);
  if (bytes.length < HEADER || view.getUint16(124, true) !== 0x0100 || view.getUint16(126, true) !== 0x4d49) {
    throw new Error("expected a little-endian MAT-file of level 5, found another header");
  }
  const arrays = new Map<string, MatArray>();
  for (const { type, data } of elements(bytes.subarray(HEADER))) {
    const inner = type === MI_COMPRESSED ? [...elements(inflateSync(data))] : [{ type, data }];
    for (const element of inner) {
      if (element.type === MI_MATRIX) arrays.set(...matrixOf(element.data));
    }
  }
  return arrays;
}

interface Element {
  readonly type: number;
  readonly data: Uint8Array;
}

/** The elements that follow each other in `bytes`, padded to multiples of 8 unless compressed. */
function* elements(bytes: Uint8Array): Generator<Element> {
  const view = viewOf(bytes);
  for (let offset = 0; offset + 8 <= bytes.length; ) {
    const word = view.getUint32(offset, true);
    const small = word >>> 16; // a small element has its length here, and its data in the next four bytes
    const type = small > 0 ? word & 0xffff : word;
    const length = small > 0 ? small : view.getUint32(offset + 4, true);
    const start = small > 0 ? offset + 4 : offset + 8;
    if (start + length > bytes.length) {
      throw new Error(
        `expected an element of ${length} bytes, found ${bytes.length - start}: the file is cut short`,
      );
    }
    yield { type, data: bytes.subarray(start, start + length) };
    offset = small > 0 ? offset + 8 : start + (type === MI_COMPRESSED ? length : Math.ceil(length / 8) * 8);
  }
}

/** An array: flags, dimensions, name, real part. */
function matrixOf(bytes: Uint8Array): [string, MatArray] {
  const [, sizes, label, real] = [...elements(bytes)];
  if (sizes === undefined || label === undefined || real === undefined) {
    throw new Error("expected an array's dimensions, name and values, found less");
  }
  const name = new TextDecoder().decode(label.data);
  const dimensions = Array.from(numbersOf(sizes, name));
  const values = numbersOf(real, name);
  const count = dimensions.reduce((product, n) => product * n, 1);
  if (values.length !== count) {
    throw new Error(
      `expected ${count} values in "${name}" (${dimensions.join(" × ")}), found ${values.length}`,
    );
  }
  return [name, { dimensions, values }];
}

function numbersOf({ type, data }: Element, name: string): ArrayLike<number> {
  const read = readers[type];
  if (read === undefined) throw new Error(`expected numbers in "${name}", found elements of type ${type}`);
  return read(viewOf(data), data.length);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

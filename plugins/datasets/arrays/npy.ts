/**
 * NumPy's `.npy` format, versions 1 to 3, of real numbers in either byte order and either order of axes.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * @module
 */
import { halfOf, messageOf, sizeOf } from "../../../core/mod.ts";

/** An array, the last dimension running fastest. */
export interface Parsed {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Reads the value at an offset. */
type Reader = (view: DataView, at: number, little: boolean) => number;

/** Types by kind and bytes a value; booleans are 0 and 1. */
const READERS: Readonly<Record<string, Reader>> = {
  b1: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f2: (view, at, little) => halfOf(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

/** Types whose bytes are values as they lie, in this machine's order. */
const VIEWS: Readonly<Record<string, new (buffer: ArrayBuffer) => ArrayLike<number>>> = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  f4: Float32Array,
  f8: Float64Array,
};

/** What other kinds of types hold. */
const KINDS: Readonly<Record<string, string>> = {
  c: "complex numbers",
  f: "floats longer than 64 bits",
  O: "Python objects",
  S: "text",
  a: "text",
  U: "text",
  V: "structures",
  M: "dates",
  m: "times",
};

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** @throws Error saying what was expected and what was found */
export function parseNpy(bytes: Uint8Array): Parsed {
  const { header, start } = headerOf(bytes);
  const { type, little } = typeOf(header);
  const shape = shapeOf(header);
  const width = Number(type.slice(1));
  const n = sizeOf(shape);
  const found = Math.floor((bytes.length - start) / width);
  if (found < n) {
    throw new Error(`expected ${n} values of shape (${shape.join(", ")}), found ${found}`);
  }
  const body = bytes.subarray(start, start + n * width);
  const values = valuesOf(body, type, little, n);
  const fortran = /['"]fortran_order['"]\s*:\s*True/.test(header);
  return { shape, values: fortran && shape.length > 1 ? inCOrder(values, shape) : values };
}

/** The header's text, a literal of Python's with quotes of either kind, and where the values begin. */
function headerOf(bytes: Uint8Array): { readonly header: string; readonly start: number } {
  const unsound = (what: string): Error =>
    new Error(`expected a sound .npy file, found ${bytes.length} bytes that are not: ${what}`);
  if (String.fromCharCode(...bytes.subarray(0, 6)) !== "\x93NUMPY") throw unsound("Not an .npy file");
  const [major = 0] = bytes.subarray(6);
  if (major < 1 || major > 3) throw unsound(`it is of version ${major}, known are 1 to 3`);
  const lengthBytes = major === 1 ? 2 : 4;
  const begin = 8 + lengthBytes;
  if (bytes.length < begin) throw unsound("it ends within its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = begin + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length) throw unsound("it ends within its header");
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1", { fatal: true });
  try {
    return { header: text.decode(bytes.subarray(begin, start)), start };
  } catch (cause) {
    throw unsound(messageOf(cause));
  }
}

/** @throws Error naming a type that is not one of real numbers */
function typeOf(header: string): { readonly type: string; readonly little: boolean } {
  const written = /['"]descr['"]\s*:\s*(?:u?'([^']*)'|u?"([^"]*)"|(\[))/.exec(header);
  if (written === null) throw new Error(`expected a header that says the type, found ${header.trim()}`);
  const descr = written[1] ?? written[2] ?? "V";
  const [, order = "|", kind = "", width = ""] = /^([<>=|]?)([a-zA-Z?])(\d*)/.exec(descr) ?? [];
  const type = kind === "?" ? "b1" : `${kind}${width}`;
  if (READERS[type] === undefined) {
    throw new Error(`expected real numbers, found ${KINDS[kind] ?? "another type"} (dtype ${descr})`);
  }
  return { type, little: order === ">" ? false : order === "<" ? true : LITTLE };
}

/** Lengths of the axes; Python 2 wrote some as `120L`. */
function shapeOf(header: string): readonly number[] {
  const written = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  const lengths = written?.split(",").map((length) => length.trim().replace(/L$/, "")) ?? ["?"];
  if (lengths.at(-1) === "") lengths.pop();
  if (!lengths.every((length) => /^\d+$/.test(length))) {
    throw new Error(`expected a header that says the shape, found ${header.trim()}`);
  }
  return lengths.map(Number);
}

function valuesOf(bytes: Uint8Array, type: string, little: boolean, n: number): ArrayLike<number> {
  const View = VIEWS[type];
  if (View !== undefined && (little === LITTLE || type.endsWith("1"))) {
    return new View(new Uint8Array(bytes).buffer); // a copy is aligned
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [read, width] = [READERS[type]!, Number(type.slice(1))];
  return Float64Array.from({ length: n }, (_, i) => read(view, i * width, little));
}

/** Values whose first dimension runs fastest, with the last one running fastest. */
function inCOrder(values: ArrayLike<number>, shape: readonly number[]): Float64Array {
  const steps = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const place = shape.map(() => 0);
  let from = 0;
  return Float64Array.from({ length: values.length }, () => {
    const value = values[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++place[axis]! < shape[axis]!) break;
      from -= steps[axis]! * shape[axis]!;
      place[axis] = 0;
    }
    return value;
  });
}

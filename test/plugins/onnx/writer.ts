/** Writes ONNX files for tests, of any version and with every form of attribute. */
import { encode, type Writer } from "../../../plugins/engines/onnxruntime/protobuf.ts";

/** Numbers of types of elements. */
export const FLOAT = 1;
export const INT64 = 7;

/** A tensor to write. */
export interface Given {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** float unless given */
  readonly elem?: number;
  /** Bytes in place of values. */
  readonly raw?: Uint8Array;
  /** Writes values into this field, packed or not, in place of bytes. */
  readonly field?: number;
  readonly packed?: boolean;
  readonly external?: Readonly<Record<string, string>>;
}

/** An attribute; whole numbers are integers, others floats. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Given };

/** A node to write. */
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  /** `y` unless given */
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly name?: string;
  readonly domain?: string;
}

/** A file to write. */
export interface FileSpec {
  readonly nodes: readonly NodeSpec[];
  readonly constants?: Readonly<Record<string, Given>>;
  /** Shape of `x`, and what is to be told of other inputs. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly inputElem?: number;
  readonly outputs?: readonly string[];
  /** Types of outputs that are no floats. */
  readonly outputElems?: Readonly<Record<string, number>>;
  readonly opset?: number;
}

/** float values */
export const floats = (shape: readonly number[], values: readonly number[]): Given => ({ shape, values });
/** int64 values, of one dimension */
export const ints = (...values: number[]): Given => ({ shape: [values.length], values, elem: INT64 });
/** An int64 scalar. */
export const int = (value: number): Given => ({ shape: [], values: [value], elem: INT64 });

/** The file's bytes. */
export function onnxFile({
  nodes,
  constants = {},
  inputs,
  outputs = ["y"],
  opset = 17,
  ...rest
}: FileSpec): Uint8Array {
  return encode((w) => {
    w.int(1, 8);
    w.string(2, "test");
    w.message(7, (g) => {
      for (const node of nodes) g.message(1, (n) => writeNode(n, node));
      g.string(2, "g");
      for (const [name, tensor] of Object.entries(constants))
        g.message(5, (t) => writeTensor(t, tensor, name));
      for (const [name, shape] of Object.entries(inputs)) {
        g.message(11, (p) => writePort(p, name, rest.inputElem ?? FLOAT, shape));
      }
      for (const name of outputs) g.message(12, (p) => writePort(p, name, rest.outputElems?.[name] ?? FLOAT));
    });
    const domains = new Set(nodes.map(({ domain = "" }) => domain)).add("");
    for (const domain of domains) {
      w.message(8, (o) => {
        if (domain !== "") o.string(1, domain);
        o.int(2, domain === "" ? opset : 1);
      });
    }
  });
}

function writeNode(
  w: Writer,
  { op, inputs, outputs = ["y"], attributes = {}, name, domain }: NodeSpec,
): void {
  for (const input of inputs) w.string(1, input);
  for (const output of outputs) w.string(2, output);
  if (name !== undefined) w.string(3, name);
  w.string(4, op);
  for (const [key, value] of Object.entries(attributes)) w.message(5, (a) => writeAttribute(a, key, value));
  if (domain !== undefined) w.string(7, domain);
}

function writeAttribute(w: Writer, name: string, value: Attribute): void {
  w.string(1, name);
  const as = (type: number): void => w.int(20, type);
  if (typeof value === "string") {
    w.string(4, value);
    as(3);
  } else if (typeof value === "number" && Number.isInteger(value)) {
    w.int(3, value);
    as(2);
  } else if (typeof value === "number") {
    w.float(2, value);
    as(1);
  } else if ("float" in value) {
    w.float(2, value.float);
    as(1);
  } else if ("floats" in value) {
    for (const f of value.floats) w.float(7, f);
    as(6);
  } else if ("tensor" in value) {
    w.message(5, (t) => writeTensor(t, value.tensor, ""));
    as(4);
  } else {
    for (const i of value) w.int(8, i);
    as(7);
  }
}

function writeTensor(w: Writer, given: Given, name: string): void {
  const { shape, values, elem = FLOAT, raw, field, packed = true, external } = given;
  for (const n of shape) w.int(1, n);
  w.int(2, elem);
  w.string(8, name);
  if (external !== undefined) {
    for (const [key, value] of Object.entries(external)) {
      w.message(13, (entry) => {
        entry.string(1, key);
        entry.string(2, value);
      });
    }
    w.int(14, 1);
  } else if (field !== undefined) writeList(w, field, values, packed);
  else w.bytes(9, raw ?? bytesOf(elem, values));
}

function writeList(w: Writer, field: number, values: readonly number[], packed: boolean): void {
  const doubles = field === 10;
  const float = field === 4;
  if (!packed && !doubles) for (const v of values) float ? w.float(field, v) : w.int(field, v);
  else if (float) w.bytes(field, bytesOf(FLOAT, values));
  else if (doubles) w.bytes(field, new Uint8Array(Float64Array.from(values).buffer));
  else w.bytes(field, Uint8Array.from(values.flatMap(varint)));
}

/** The bytes of a number; negative ones are 64-bit two's complement. */
function varint(value: number): number[] {
  const [, ...bytes] = encode((w) => w.int(1, value)); // after the tag, which is one byte
  return bytes;
}

/** Little-endian bytes of values. */
export function bytesOf(elem: number, values: readonly number[]): Uint8Array {
  const made: Record<number, () => ArrayBufferView> = {
    1: () => Float32Array.from(values),
    2: () => Uint8Array.from(values),
    3: () => Int8Array.from(values),
    6: () => Int32Array.from(values),
    7: () => BigInt64Array.from(values, BigInt),
    9: () => Uint8Array.from(values),
    11: () => Float64Array.from(values),
  };
  const { buffer, byteOffset, byteLength } = made[elem]!();
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function writePort(w: Writer, name: string, elem: number, shape?: readonly (number | string)[]): void {
  w.string(1, name);
  w.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.int(1, elem);
      if (shape === undefined) return;
      tensor.message(2, (dims) => {
        for (const n of shape)
          dims.message(1, (dim) => (typeof n === "string" ? dim.string(2, n) : dim.int(1, n)));
      });
    }),
  );
}

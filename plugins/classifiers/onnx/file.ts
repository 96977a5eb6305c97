/**
 * ONNX files as they are written down: a graph of nodes, its constants, its ports. Field numbers are those of onnx.proto.
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 *
 * @module
 */
import { sizeOf } from "../../../core/mod.ts";
import { decoded, Elem, kindOf, type Numbers } from "./elem.ts";
import { type Field, fieldsOf } from "./wire.ts";

/** A constant as it is stored. */
export interface StoredTensor {
  readonly name: string;
  readonly elem: number;
  readonly shape: readonly number[];
  /** Where its bytes are, if not in the file. */
  readonly external?: External;
  /** Its values. @param bytes those of the other file, if they are there */
  values(bytes?: Uint8Array): Numbers;
}

/** A part of another file beside this one. */
export interface External {
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

/** The value of a node's attribute. */
export interface Attribute {
  readonly float?: number;
  readonly int?: number;
  readonly text?: string;
  readonly tensor?: StoredTensor;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
}

/** A node as it is written down. */
export interface FileNode {
  /** Its name, or else that of what it makes. */
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** "" where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** An input or an output. */
export interface Port {
  readonly name: string;
  readonly elem: number | undefined;
  /** Sizes; a name or nothing where one is open. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

/** A graph, in order of execution. */
export interface Graph {
  readonly nodes: readonly FileNode[];
  readonly initializers: ReadonlyMap<string, StoredTensor>;
  /** Those that are no constants. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** What a file holds. */
export interface OnnxModel {
  readonly graph: Graph;
  /** Version of ONNX's own operators. */
  readonly opset: number;
  readonly producer: string;
}

/** Takes a file apart. @throws Error saying what is wrong with it */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  let [opset, producer] = [0, ""];
  let graph: Graph | undefined;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 2) producer = field.text();
    else if (field.number === 7) graph = readGraph(field.bytes());
    else if (field.number === 8) opset = Math.max(opset, ownOpset(field.bytes()));
  }
  if (graph === undefined) throw new Error("it has no graph");
  if (opset === 0) throw new Error("it does not say which version of ONNX's operators it uses");
  return { graph, opset, producer };
}

/** The version, where the set is ONNX's own. */
function ownOpset(bytes: Uint8Array): number {
  let [domain, version] = ["", 0];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) domain = field.text();
    else if (field.number === 2) version = field.int();
  }
  return isOwn(domain) ? version : 0;
}

/** Whether a domain is ONNX's own. */
export const isOwn = (domain: string): boolean => domain === "" || domain === "ai.onnx";

function readGraph(bytes: Uint8Array): Graph {
  const nodes: FileNode[] = [];
  const tensors: StoredTensor[] = [];
  const [inputs, outputs]: [Port[], Port[]] = [[], []];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) nodes.push(readNode(field.bytes()));
    else if (field.number === 5) tensors.push(readTensor(field.bytes()));
    else if (field.number === 11) inputs.push(readPort(field.bytes()));
    else if (field.number === 12) outputs.push(readPort(field.bytes()));
    else if (field.number === 15) throw new Error("it has sparse constants, which aren't supported");
  }
  const initializers = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return { nodes, initializers, outputs, inputs: inputs.filter(({ name }) => !initializers.has(name)) };
}

function readNode(bytes: Uint8Array): FileNode {
  let [name, op, domain] = ["", "", ""];
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, Attribute>();
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) inputs.push(field.text());
    else if (field.number === 2) outputs.push(field.text());
    else if (field.number === 3) name = field.text();
    else if (field.number === 4) op = field.text();
    else if (field.number === 7) domain = field.text();
    else if (field.number === 5) {
      const [key, value] = readAttribute(field.bytes());
      attributes.set(key, value);
    }
  }
  return { name: name === "" ? (outputs[0] ?? "") : name, op, domain, inputs, outputs, attributes };
}

function readAttribute(bytes: Uint8Array): [string, Attribute] {
  let name = "";
  const value: { -readonly [K in keyof Attribute]: Attribute[K] } = { floats: [], ints: [] };
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) name = field.text();
    else if (field.number === 2) value.float = field.float();
    else if (field.number === 3) value.int = field.int();
    else if (field.number === 4) value.text = field.text();
    else if (field.number === 5)
      value.tensor = readTensor(field.bytes().slice()); // else it would hold the whole file
    else if (field.number === 7) value.floats = value.floats.concat(field.floats());
    else if (field.number === 8) value.ints = value.ints.concat(field.ints());
  }
  return [name, value];
}

/** Fields in which a tensor's values may stand, and how they are read there. */
const LISTS: Readonly<Record<number, (field: Field) => number[]>> = {
  4: (field) => field.floats(),
  5: (field) => field.ints(),
  7: (field) => field.ints(),
  10: (field) => field.doubles(),
  11: (field) => field.ints(),
};

function readTensor(bytes: Uint8Array): StoredTensor {
  let [name, elem, isExternal] = ["", 0, false];
  const shape: number[] = [];
  let raw: Uint8Array | undefined;
  const lists: number[][] = [];
  const entries = new Map<string, string>();
  for (const field of fieldsOf(bytes)) {
    const list = LISTS[field.number];
    if (list !== undefined) lists.push(list(field));
    else if (field.number === 1) shape.push(...field.ints());
    else if (field.number === 2) elem = field.int();
    else if (field.number === 8) name = field.text();
    else if (field.number === 9) raw = field.bytes();
    else if (field.number === 13) entries.set(...readEntry(field.bytes()));
    else if (field.number === 14) isExternal = field.int() === 1;
  }
  if (shape.some((n) => !(n >= 0))) throw new Error(`constant "${name}" has the shape [${shape}]`);
  const values = (outside?: Uint8Array): Numbers => {
    try {
      const stored = isExternal ? outside : raw;
      return stored === undefined ? listed(elem, lists.flat(), shape) : inBytes(elem, stored, shape);
    } catch (cause) {
      throw new Error(`constant "${name}": ${(cause as Error).message}`, { cause });
    }
  };
  return { name, elem, shape, values, ...(isExternal && { external: externalOf(name, entries) }) };
}

function externalOf(name: string, entries: ReadonlyMap<string, string>): External {
  const location = entries.get("location");
  const number = (key: string): number | undefined =>
    entries.has(key) ? Number(entries.get(key)) : undefined;
  const [offset, length] = [number("offset") ?? 0, number("length")];
  const fine = (n: number | undefined): boolean => n === undefined || (Number.isSafeInteger(n) && n >= 0);
  if (location === undefined || !fine(offset) || !fine(length)) {
    throw new Error(`constant "${name}" does not say where in which file its values are`);
  }
  return { location, offset, length };
}

function inBytes(elem: number, bytes: Uint8Array, shape: readonly number[]): Numbers {
  const { width, name } = kindOf(elem);
  const size = sizeOf(shape);
  if (bytes.length !== size * width) {
    throw new Error(`[${shape}] of ${name} takes ${size * width} bytes, ${bytes.length} are there`);
  }
  return decoded(elem, bytes, size);
}

/** Values that stand in a list, halves as their bits. */
function listed(elem: number, values: readonly number[], shape: readonly number[]): Numbers {
  const { make, width, name, read } = kindOf(elem);
  const size = sizeOf(shape);
  if (values.length !== size) {
    throw new Error(`[${shape}] of ${name} takes ${size} values, ${values.length} are there`);
  }
  const out = make(size);
  if (elem !== Elem.float16 && elem !== Elem.bfloat16) out.set(values);
  else {
    const bits = new DataView(new ArrayBuffer(width));
    values.forEach((value, i) => {
      bits.setUint16(0, value, true);
      out[i] = read(bits, 0);
    });
  }
  return out;
}

/**
 * A file with one output more: messages in Protocol Buffers that come twice are one, their lists one after the other.
 */
export function withOutput(bytes: Uint8Array, name: string): Uint8Array {
  const inField = (field: number, content: readonly number[]): number[] => [
    field * 8 + 2,
    ...varint(content.length),
    ...content,
  ];
  const output = inField(12, inField(1, [...new TextEncoder().encode(name)]));
  const more = inField(7, output);
  const out = new Uint8Array(bytes.length + more.length);
  out.set(bytes);
  out.set(more, bytes.length);
  return out;
}

const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]);

function readEntry(bytes: Uint8Array): [string, string] {
  let [key, value] = ["", ""];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) key = field.text();
    else if (field.number === 2) value = field.text();
  }
  return [key, value];
}

/** The one message in a field of a message, or nothing. */
function within(bytes: Uint8Array | undefined, number: number): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  for (const field of fieldsOf(bytes)) if (field.number === number) return field.bytes();
  return undefined;
}

function readPort(bytes: Uint8Array): Port {
  let name = "";
  let elem: number | undefined;
  let shape: (number | string | undefined)[] | undefined;
  for (const field of fieldsOf(bytes)) if (field.number === 1) name = field.text();
  const tensor = within(within(bytes, 2), 1);
  for (const field of tensor === undefined ? [] : fieldsOf(tensor)) {
    if (field.number === 1) elem = field.int();
    else if (field.number === 2) shape = [...fieldsOf(field.bytes())].map((dim) => readDim(dim.bytes()));
  }
  return { name, elem, shape };
}

function readDim(bytes: Uint8Array): number | string | undefined {
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) return field.int();
    if (field.number === 2) return field.text();
  }
  return undefined;
}

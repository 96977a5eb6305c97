/**
 * ONNX models, written as bytes. Field numbers are those of onnx.proto.
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 *
 * @module
 */
import { encode, type Writer } from "./protobuf.ts";

/** Types of elements, by ONNX's own numbers. */
export const Elem = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint32: 12,
  uint64: 13,
} as const;
/** The number of a type of elements. */
export type Elem = (typeof Elem)[keyof typeof Elem];

/** The value of a node's attribute. `float` and `floats` mark numbers that are floats even where they are whole. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };
/** A node's attributes, by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** A named tensor. A size may be a name instead: whatever it is, it is the same wherever the name stands. */
export interface Port {
  readonly name: string;
  readonly elem: Elem;
  readonly shape: readonly (number | string)[];
}

/** A constant tensor. */
export interface Initializer extends Port {
  readonly shape: readonly number[];
  /** Little-endian. */
  readonly data: Uint8Array;
}

/** One node of a graph. */
export interface ModelNode {
  /** Shown in errors. */
  readonly name: string;
  readonly op: string;
  /** "" is ONNX itself. */
  readonly domain: string;
  readonly attributes: Attributes;
  /** Names; "" for an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A graph in order of execution. */
export interface Model {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly ModelNode[];
  /** Free text by name. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const IR_VERSION = 10;
const OPSET = 21;

/** The model's bytes, as `InferenceSession.create` takes them. */
export function encodeModel(model: Model): Uint8Array {
  return encode((w) => {
    w.int(1, IR_VERSION);
    w.string(2, "dsgan");
    for (const [key, value] of Object.entries(model.metadata ?? {})) {
      w.message(14, (entry) => {
        entry.string(1, key);
        entry.string(2, value);
      });
    }
    w.message(7, (g) => {
      for (const node of model.nodes) g.message(1, (n) => writeNode(n, node));
      g.string(2, "tfjs");
      for (const initializer of model.initializers) g.message(5, (t) => writeTensor(t, initializer));
      for (const port of model.inputs) g.message(11, (v) => writePort(v, port));
      for (const port of model.outputs) g.message(12, (v) => writePort(v, port));
    });
    const domains = new Set(model.nodes.map(({ domain }) => domain)).add("");
    for (const domain of domains) {
      w.message(8, (o) => {
        o.string(1, domain);
        o.int(2, domain === "" ? OPSET : 1);
      });
    }
  });
}

function writeNode(w: Writer, node: ModelNode): void {
  for (const input of node.inputs) w.string(1, input);
  for (const output of node.outputs) w.string(2, output);
  w.string(3, node.name);
  w.string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    w.message(5, (a) => writeAttribute(a, name, value));
  }
  if (node.domain !== "") w.string(7, node.domain);
}

function writeAttribute(w: Writer, name: string, value: Attribute): void {
  w.string(1, name);
  if (typeof value === "string") {
    w.string(4, value);
    w.int(20, 3);
  } else if (typeof value === "number") {
    w.int(3, value);
    w.int(20, 2);
  } else if ("float" in value) {
    w.float(2, value.float);
    w.int(20, 1);
  } else if ("floats" in value) {
    for (const f of value.floats) w.float(7, f);
    w.int(20, 6);
  } else {
    for (const i of value) w.int(8, i);
    w.int(20, 7);
  }
}

function writeTensor(w: Writer, { name, elem, shape, data }: Initializer): void {
  for (const n of shape) w.int(1, n);
  w.int(2, elem);
  w.string(8, name);
  w.bytes(9, data);
}

function writePort(w: Writer, { name, elem, shape }: Port): void {
  w.string(1, name);
  w.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.int(1, elem);
      tensor.message(2, (dims) => {
        for (const n of shape) {
          dims.message(1, (dim) => (typeof n === "string" ? dim.string(2, n) : dim.int(1, n)));
        }
      });
    }),
  );
}

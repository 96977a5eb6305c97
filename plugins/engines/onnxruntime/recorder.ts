/**
 * The recorder: kernels append ONNX nodes here instead of computing.
 *
 * @module
 */
import { formOf, permuted, refined, transposition, usable } from "./form.ts";
import { type Attributes, Elem } from "./model.ts";
import type { Dialect } from "./runtime.ts";
import {
  type Data,
  type Form,
  type Node,
  newValue,
  sameShape,
  sizeOf,
  type Value,
  type View,
} from "./value.ts";

/** What a node is made of, besides its inputs. */
export interface NodeOptions {
  readonly attributes?: Attributes;
  /** "" (ONNX itself) unless given. */
  readonly domain?: string;
}

/** Interned parts of structure: equal numbers mean equal parts. */
export interface Interned {
  /** The number of a text. */
  id(text: string): number;
  readonly size: number;
  clear(): void;
}

/** What kernels build graphs with. Everything here only records. */
export interface Recorder {
  /** Appends a node of one output. */
  op(
    op: string,
    inputs: readonly (View | undefined)[],
    elem: Elem,
    shape: readonly number[],
    options?: NodeOptions,
  ): View;
  /** Appends a node of several outputs. */
  ops(
    op: string,
    inputs: readonly (View | undefined)[],
    outputs: readonly { readonly elem: Elem; readonly shape: readonly number[] }[],
    options?: NodeOptions,
  ): View[];
  /** The same elements under another shape: no node. */
  reshape(x: View, shape: readonly number[]): View;
  /** Axes in another order; transposing back costs nothing. */
  transpose(x: View, perm: readonly number[]): View;
  /** Axes split into several of the given sizes each, and all of these in another order. */
  rearrange(x: View, sizes: readonly (readonly number[])[], perm: readonly number[]): View;
  /** What has this form. */
  formed(form: Form): View;
  /** x in another type; nothing if it has that type. */
  cast(x: View, elem: Elem): View;
  /** Zeros, known as such: products with them are zeros again, and sums leave them out. */
  zeros(elem: Elem, shape: readonly number[]): View;
  /** x repeated along axes of size 1, and leading ones, to the shape. */
  expand(x: View, shape: readonly number[]): View;
  /** A small constant of any type, part of the structure. */
  constant(data: Data, elem: Elem, shape: readonly number[]): View;
  /** A constant known by a name that says all about it, made when first asked for. */
  named(name: string, elem: Elem, shape: readonly number[], make: () => Data): View;
  /** A constant of no axes. */
  scalar(value: number, elem: Elem): View;
  /** A constant list of int64, as shapes, axes and bounds are given. */
  ints(values: readonly number[]): View;
  /** Nodes recorded and not yet run. */
  readonly pending: Node[];
  /** Named in the nodes that follow, for errors and profiles. */
  kernel: string;
  readonly interned: Interned;
  /** What is particular to the runtime for which is recorded. */
  dialect: Dialect;
}

/** A recorder with nothing recorded. */
export function newRecorder(dialect: Dialect): Recorder {
  const texts = new Map<string, number>();
  let constants = 0; // numbers are never used twice: tensors may hold constants from before a clear()
  const byText = new Map<string, Value>();

  const id = (text: string): number => {
    let n = texts.get(text);
    if (n === undefined) {
      n = texts.size;
      texts.set(text, n);
    }
    return n;
  };

  const recorder: Recorder = {
    pending: [],
    kernel: "",
    dialect,
    interned: {
      id,
      get size() {
        return texts.size + byText.size;
      },
      clear() {
        texts.clear();
        byText.clear();
      },
    },

    op(op, inputs, elem, shape, options) {
      return recorder.ops(op, inputs, [{ elem, shape }], options)[0]!;
    },

    ops(op, inputs, outputs, { attributes = {}, domain = "" } = {}) {
      let text = `${op}|${domain}|`;
      for (const name in attributes) text += `${name}=${JSON.stringify(attributes[name])},`;
      for (const { elem, shape } of outputs) text += `|${elem}:${shape}`;
      const node: Node = {
        op,
        domain,
        attributes,
        inputs,
        outputs: [],
        signature: id(text),
        kernel: recorder.kernel,
        alive: false,
      };
      recorder.pending.push(node);
      return outputs.map(({ elem, shape }) => {
        const value = newValue(elem, shape, { node });
        node.outputs.push(value);
        return { value, shape };
      });
    },

    reshape: (x, shape) => (sameShape(x.shape, shape) ? x : { value: x.value, shape: [...shape] }),

    transpose: (x, perm) =>
      recorder.rearrange(
        x,
        x.shape.map((n) => [n]),
        perm,
      ),

    rearrange(x, sizes, perm) {
      const form = formOf(x);
      const finer = form && refined(form, sizes);
      return recorder.formed(
        finer === undefined ? transposition(recorder.reshape(x, sizes.flat()), perm) : permuted(finer, perm),
      );
    },

    formed(form) {
      const { from, perm, shape } = form;
      const moved = perm.filter((axis) => from.shape[axis] !== 1);
      if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return recorder.reshape(from, shape);
      const { value } = from;
      if (value.zero) return recorder.zeros(value.elem, shape);
      const key = `${from.shape}:${perm}`;
      const made = value.made?.get(key);
      if (made !== undefined && usable(made)) return { value: made, shape };
      const tall = perm.map((axis) => from.shape[axis]!);
      const out = recorder.op("Transpose", [from], value.elem, tall, { attributes: { perm } });
      out.value.form = form;
      value.made ??= new Map();
      value.made.set(key, out.value);
      return { value: out.value, shape };
    },

    cast(x, elem) {
      if (x.value.elem === elem) return x;
      return recorder.op("Cast", [x], elem, x.shape, { attributes: { to: elem } });
    },

    zeros(elem, shape) {
      const zero = recorder.scalar(0, elem);
      const out = recorder.op("Expand", [zero, recorder.ints(shape)], elem, shape);
      out.value.zero = true;
      return out;
    },

    expand(x, shape) {
      if (sizeOf(x.shape) === sizeOf(shape)) return recorder.reshape(x, shape);
      return recorder.op("Expand", [x, recorder.ints(shape)], x.value.elem, shape);
    },

    constant: (data, elem, shape) => recorder.named(`${data.join()}`, elem, shape, () => data),

    named(name, elem, shape, make) {
      const text = `${elem}:${shape}:${name}`;
      let value = byText.get(text);
      if (value === undefined) {
        value = newValue(elem, shape, { data: make(), constant: constants++ });
        byText.set(text, value);
      }
      return { value, shape };
    },

    scalar(value, elem) {
      const data =
        elem === Elem.float32
          ? Float32Array.of(value)
          : elem === Elem.int32
            ? Int32Array.of(value)
            : elem === Elem.int64
              ? BigInt64Array.of(BigInt(value))
              : Uint8Array.of(value ? 1 : 0);
      return recorder.constant(data, elem, []);
    },

    ints: (values) => recorder.constant(BigInt64Array.from(values, BigInt), Elem.int64, [values.length]),
  };
  return recorder;
}

/**
 * Programs: what is pending, made into one ONNX model whose structure is its name.
 *
 * @module
 */
import { groupsOf, makeGroup } from "./device-noise.ts";
import { fused } from "./fusion.ts";
import { type Attributes, Elem, type Initializer, type Model, type ModelNode, type Port } from "./model.ts";
import type { Interned } from "./recorder.ts";
import { type Data, type Node, sameShape, sizeOf, type Value, type View } from "./value.ts";
import { cut, type Ends, join, type Part } from "./vectors.ts";

/** A graph about to run: which values go in, which come out. */
export interface Program {
  readonly nodes: readonly Node[];
  /** Values fed, each once, under the shape that is asked for first. */
  readonly inputs: readonly View[];
  /** Values wanted. */
  readonly outputs: readonly Value[];
  /** The whole structure, in numbers. */
  readonly key: Int32Array;
  /** A short number for it, not quite unique. */
  readonly hash: number;
}

/**
 * Takes from the recorded nodes those that the wanted values need, in order.
 * @param wanted whether a value is to come out
 */
export function programOf(
  pending: readonly Node[],
  wanted: (value: Value) => boolean,
  interned: Interned,
): Program {
  const nodes: Node[] = [];
  const outputs: Value[] = [];
  const isWanted = (out: Value): boolean => out.node !== undefined && wanted(out); // else it has been computed
  for (let i = pending.length - 1; i >= 0; i--) {
    const node = pending[i]!;
    for (const out of node.outputs) if (isWanted(out)) node.alive = true;
    if (!node.alive) continue;
    nodes.push(node);
    for (const input of node.inputs) if (input?.value.node !== undefined) input.value.node.alive = true;
  }
  nodes.reverse();

  const key: number[] = [];
  const inputs: View[] = [];
  const numbers = new Map<Value, { shape: readonly number[]; number: number }>();
  let next = 0;
  for (const node of nodes) {
    key.push(node.signature);
    for (const input of node.inputs) {
      if (input === undefined) key.push(-1);
      else if (input.value.constant !== undefined) {
        key.push(-2, input.value.constant);
        if (!sameShape(input.shape, input.value.shape)) key.push(-3, interned.id(`${input.shape}`));
      } else if (input.value.node !== undefined) {
        key.push(input.value.mark);
        if (!sameShape(input.shape, input.value.shape)) key.push(-3, interned.id(`${input.shape}`));
      } else {
        let entry = numbers.get(input.value);
        if (entry === undefined) {
          entry = { shape: input.shape, number: next++ };
          numbers.set(input.value, entry);
          inputs.push(input);
          key.push(-4, interned.id(`${input.value.elem}:${input.shape}`));
        }
        key.push(entry.number);
        if (!sameShape(input.shape, entry.shape)) key.push(-3, interned.id(`${input.shape}`));
      }
    }
    for (const out of node.outputs) {
      out.mark = next++;
      if (isWanted(out)) {
        outputs.push(out);
        key.push(-5, out.mark);
      }
    }
    node.alive = false;
  }
  const words = Int32Array.from(key);
  return { nodes, inputs, outputs, key: words, hash: hashOf(words) };
}

/** FNV-1a over words. */
function hashOf(key: Int32Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key[i]!, 0x01000193);
  return hash;
}

/** Whether two structures are the same. */
export function sameKey(a: Int32Array, b: Int32Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Names of a program's ends, in its order; those that are packed or joined are none of the model's. */
export interface Named {
  readonly model: Model;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The name of the vector that holds joined outputs. */
export const JOINED = "joined";

/** Vectors that hold packed inputs. */
export const PACKED: readonly { readonly name: string; readonly elem: Elem }[] = [
  { name: "packed", elem: Elem.float32 },
  { name: "packed integers", elem: Elem.int32 },
];

/**
 * The program as an ONNX model.
 * @param most outputs that a node may have
 */
export function modelOf(program: Program, ends?: Ends, most: number = Number.POSITIVE_INFINITY): Named {
  const names = new Map<Value, string>();
  const initializers = new Map<string, Initializer>();
  const reshaped = new Map<string, string>();
  const nodes: ModelNode[] = [];
  const fed = new Map<Value, { shape: readonly number[]; name: string }>();
  const inputs: Port[] = [];
  const packed: (Part & { readonly elem: Elem })[] = [];
  program.inputs.forEach(({ value, shape }, i) => {
    const name = `i${i}`;
    if (ends?.packed[i]) packed.push({ name, elem: value.elem, shape });
    else inputs.push({ name, elem: value.elem, shape });
    fed.set(value, { shape, name });
  });

  const builder = {
    node: (op: string, attributes: Attributes, inputs: readonly string[], outputs: readonly string[]): void =>
      void nodes.push({ name: `${op} ${outputs[0]}`, op, domain: "", attributes, inputs, outputs }),
    ints(values: readonly number[]): string {
      const name = `s${values.join("x")}`;
      if (!initializers.has(name)) {
        const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
        initializers.set(name, { name, elem: Elem.int64, shape: [values.length], data });
      }
      return name;
    },
    constant(name: string, elem: Elem, shape: readonly number[], make: () => Data): string {
      if (!initializers.has(name)) initializers.set(name, { name, elem, shape, data: bytesOf(make()) });
      return name;
    },
  };
  for (const { name, elem } of PACKED) {
    const parts = packed.filter((part) => part.elem === elem);
    if (parts.length === 0) continue;
    inputs.push({ name, elem, shape: [totalOf(parts)] });
    cut(builder, name, parts, most);
  }

  const constantName = (value: Value, shape: readonly number[]): string =>
    builder.constant(`c${value.constant}_${shape.join("x")}`, value.elem, shape, () => value.data!);
  const nameOf = ({ value, shape }: View): string => {
    if (value.constant !== undefined) return constantName(value, shape);
    const made = fed.get(value) ?? { name: names.get(value)!, shape: value.shape };
    const { name } = made;
    if (sameShape(shape, made.shape)) return name;
    const other = `${name}_${shape.join("x")}`;
    if (!reshaped.has(other)) {
      // a size of 0 means none, not "as before"
      const attributes: Attributes = sizeOf(shape) === 0 ? { allowzero: 1 } : {};
      builder.node("Reshape", attributes, [name, builder.ints(shape)], [other]);
      reshaped.set(other, other);
    }
    return other;
  };

  const outputNamesOf = ({ outputs }: Node): string[] =>
    outputs.map((out) => {
      const name = names.get(out) ?? `v${names.size}`;
      names.set(out, name);
      return name;
    });
  const groups = groupsOf(program.nodes);
  const drawn = new Set([...groups.values()].flat());
  for (const [i, node] of program.nodes.entries()) {
    const group = groups.get(node);
    if (group !== undefined) {
      const words = group.map(({ inputs: [words] }) => nameOf(words!));
      makeGroup(builder, group, { words, outputs: group.flatMap(outputNamesOf), most });
    }
    if (drawn.has(node)) continue;
    const inputNames = node.inputs.map((view) => (view === undefined ? "" : nameOf(view)));
    const outputNames = outputNamesOf(node);
    nodes.push({
      name: `${node.kernel} (${i}) of ${node.inputs.map((v) => `[${v?.shape ?? ""}]`).join(" ")}`,
      op: node.op,
      domain: node.domain,
      attributes: node.attributes as Attributes,
      inputs: inputNames,
      outputs: outputNames,
    });
  }
  const outputs = program.outputs.map((value) => ({
    name: names.get(value)!,
    elem: value.elem as Elem,
    shape: value.shape,
  }));
  const joined = outputs.filter((_, i) => ends?.joined[i]);
  const apart: Port[] = outputs.filter((_, i) => !ends?.joined[i]);
  if (joined.length > 0) {
    join(builder, joined, JOINED, most);
    apart.push({ name: JOINED, elem: Elem.float32, shape: [totalOf(joined)] });
  }
  const sizeOfPort = ({ shape }: Port): number => sizeOf(shape as number[]);
  const bySize = apart.toSorted((a, b) => sizeOfPort(a) - sizeOfPort(b)); // see binding.ts
  return {
    model: {
      inputs,
      outputs: bySize,
      initializers: [...initializers.values()],
      nodes: fused(nodes, new Set(bySize.map(({ name }) => name))),
    },
    inputs: program.inputs.map((_, i) => `i${i}`),
    outputs: outputs.map(({ name }) => name),
  };
}

/** Elements of all parts. */
export function totalOf(parts: readonly { readonly shape: readonly number[] }[]): number {
  return parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function bytesOf(data: Data): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Multiplications and additions of the program's products, about: what the choice of threads goes by. */
export function largestWork(program: Program): number {
  let largest = 0;
  for (const { op, inputs, outputs } of program.nodes) {
    const out = sizeOf(outputs[0]!.shape);
    let work = out;
    if (op === "MatMul" || op === "Gemm" || op === "FusedMatMul") {
      work = Math.sqrt(sizeOf(inputs[0]!.shape) * sizeOf(inputs[1]!.shape) * out); // √(mk · kn · mn)
    } else if (op === "Conv") {
      work = out * sizeOf(inputs[1]!.shape.slice(1));
    } else if (op === "ConvTranspose") {
      work = sizeOf(inputs[0]!.shape) * sizeOf(inputs[1]!.shape.slice(1));
    }
    largest = Math.max(largest, work);
  }
  return largest;
}

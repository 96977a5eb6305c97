/**
 * Nodes as operators see them: attributes with their defaults, and inputs that are known beforehand.
 *
 * @module
 */
import { InputError, tf } from "../../../core/mod.ts";
import type { Attribute, FileNode } from "./file.ts";
import { type Known, knownOf } from "./known.ts";
import { isKnown, type Laid, laid, upload, type Value } from "./value.ts";

/** What a node's inputs are while the graph runs; undefined where an optional one is left out. */
export type Inputs = readonly (Value | undefined)[];

/** What a node does with its inputs; several outputs as a list. @throws Error where it can't */
export type Run = (inputs: Inputs) => Value | readonly Value[];

/** An operator: made for a node when the file is opened, then run for each batch. */
export type Operator = (node: OnnxNode) => Run;

/** Operators by ONNX's name for them. */
export type Operators = Readonly<Record<string, Operator>>;

/** A node of a graph that is being opened. */
export interface OnnxNode {
  readonly op: string;
  readonly opset: number;
  /** Number of inputs and outputs that it has, those left out between others among them. */
  readonly inputs: number;
  readonly outputs: number;
  has(attribute: string): boolean;
  int(attribute: string, fallback: number): number;
  ints(attribute: string): readonly number[] | undefined;
  float(attribute: string, fallback: number): number;
  floats(attribute: string): readonly number[] | undefined;
  text(attribute: string, fallback: string): string;
  tensor(attribute: string): Known | undefined;
  /** An input whose values are known; the operator keeps what it needs of it, and is not given it as a tensor. */
  constant(input: number): Known | undefined;
  /** A tensor that lives as long as the graph. */
  keep(known: Known): Laid;
  /** @throws InputError naming the node */
  fail(why: string): never;
}

/** Where a node stands. */
export interface Surroundings {
  readonly file: string;
  readonly opset: number;
  constant(name: string): Value | undefined;
  keep(tensor: tf.Tensor): void;
}

/** A node's name and operator, for messages. */
export const titleOf = ({ name, op }: FileNode): string => `node "${name}" (${op})`;

/** A node to make an operator for. */
export function nodeOf(node: FileNode, { file, opset, constant, keep }: Surroundings): OnnxNode {
  const attribute = (name: string): Attribute | undefined => node.attributes.get(name);
  const list = (values: readonly number[] | undefined): readonly number[] | undefined =>
    values === undefined || values.length === 0 ? undefined : values;
  return {
    op: node.op,
    opset,
    inputs: node.inputs.length,
    outputs: node.outputs.filter((name) => name !== "").length,
    has: (name) => attribute(name) !== undefined,
    int: (name, fallback) => attribute(name)?.int ?? (attribute(name) === undefined ? fallback : 0),
    ints: (name) => list(attribute(name)?.ints),
    float: (name, fallback) => attribute(name)?.float ?? (attribute(name) === undefined ? fallback : 0),
    floats: (name) => list(attribute(name)?.floats),
    text: (name, fallback) => attribute(name)?.text ?? fallback,
    tensor(name) {
      const stored = attribute(name)?.tensor;
      return stored && { elem: stored.elem, shape: stored.shape, data: stored.values() };
    },
    constant(input) {
      const value = constant(node.inputs[input] ?? "");
      return value !== undefined && isKnown(value) ? value : undefined;
    },
    keep(known) {
      const tensor = tf.tidy(() => upload(known));
      keep(tensor);
      return laid(tensor);
    },
    fail(why) {
      throw new InputError(`${file}: ${titleOf(node)} ${why}`);
    },
  };
}

/** The numbers of a value, such as a shape. @throws Error where they depend on the images */
export function numbersOf(value: Value | undefined, what: string): number[] {
  if (value !== undefined && isKnown(value)) return [...value.data];
  throw new Error(`${what} depends on the values of the images`);
}

/** Whole numbers that may stand in an attribute or, in newer files, in an input. */
export function listOf(node: OnnxNode, attribute: string, inputs: Inputs, at: number): number[] | undefined {
  const value = inputs[at];
  return value === undefined ? node.ints(attribute)?.slice() : numbersOf(value, attribute);
}

/** An input that must be there. */
export function given(inputs: Inputs, at: number): Value {
  const value = inputs[at];
  if (value === undefined) throw new Error(`input ${at} is missing`);
  return value;
}

/** A scalar of single floats. */
export const scalar = (value: number): Known => knownOf(1, [], [value]);

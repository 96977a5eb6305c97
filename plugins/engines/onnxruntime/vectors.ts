/**
 * Several tensors in one vector, cut up or joined within a program.
 *
 * @module
 */
import type { ModelNode } from "./model.ts";
import { sizeOf } from "./value.ts";

/** Where a program's values come from and go. */
export interface Ends {
  /** Which inputs come in a vector of their type, in the program's order. */
  readonly packed: readonly boolean[];
  /** Which outputs stay on the device. */
  readonly kept: readonly boolean[];
  /** Which outputs come back as one vector. */
  readonly joined: readonly boolean[];
}

/** A short name for them. */
export function nameOf(ends: Ends | undefined): string {
  if (ends === undefined) return "";
  const bits = (of: readonly boolean[]): string => of.map(Number).join("");
  return `${bits(ends.packed)}|${bits(ends.kept)}|${bits(ends.joined)}`;
}

/** A tensor by name, and its shape. */
export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What the pieces of a graph are made with. */
export interface Builder {
  node(
    op: string,
    attributes: ModelNode["attributes"],
    inputs: readonly string[],
    outputs: readonly string[],
  ): void;
  /** The name of a constant list of int64. */
  ints(values: readonly number[]): string;
}

/**
 * Cuts a vector into its parts.
 * @param most outputs that a node may have
 */
export function cut(g: Builder, vector: string, parts: readonly Part[], most: number): void {
  const flat = (i: number): string => `${parts[i]!.name} flat`;
  split(
    g,
    vector,
    parts.map(({ shape }, i) => ({ name: flat(i), size: sizeOf(shape) })),
    most,
  );
  parts.forEach(({ name, shape }, i) => void g.node("Reshape", {}, [flat(i), g.ints(shape)], [name]));
}

/** Cuts a vector into pieces, in order. */
export function split(
  g: Builder,
  vector: string,
  pieces: readonly { readonly name: string; readonly size: number }[],
  most: number,
): void {
  const groups = grouped(pieces, most);
  const names = groups.map((group, i) => (group.length === 1 ? group[0]!.name : `${vector} ${i}`));
  const sizes = groups.map((group) => group.reduce((sum, { size }) => sum + size, 0));
  g.node("Split", { axis: 0 }, [vector, g.ints(sizes)], names);
  groups.forEach((group, i) => {
    if (group.length > 1) split(g, names[i]!, group, most);
  });
}

/** Joins parts to a vector. */
export function join(g: Builder, parts: readonly Part[], vector: string, most: number): void {
  const flat = parts.map(({ name, shape }) => {
    g.node("Reshape", {}, [name, g.ints([sizeOf(shape)])], [`${name} row`]);
    return `${name} row`;
  });
  concatenate(g, flat, vector, most);
}

/** Puts vectors one after the other. */
export function concatenate(g: Builder, names: readonly string[], vector: string, most: number): void {
  const groups = grouped(names, most);
  const joined = groups.map((group, i) => {
    if (group.length === 1) return group[0]!;
    concatenate(g, group, `${vector} ${i}`, most);
    return `${vector} ${i}`;
  });
  g.node("Concat", { axis: 0 }, joined, [vector]);
}

/** At most so many groups of about the same length, in order; as many groups as there are things, if they are not more. */
export function grouped<X>(things: readonly X[], most: number): X[][] {
  const count = Math.min(most, things.length);
  return Array.from({ length: count }, (_, i) =>
    things.slice(Math.round((i * things.length) / count), Math.round(((i + 1) * things.length) / count)),
  );
}

/**
 * Arrays whose values are known before a graph runs: its weights, and the arithmetic of shapes.
 *
 * @module
 */
import { sizeOf, type tf } from "../../../core/mod.ts";
import { kindOf, type Numbers } from "./elem.ts";

/** Known values, row by row. */
export interface Known {
  readonly elem: number;
  readonly shape: readonly number[];
  readonly data: Numbers;
  /** The same as a tensor, where one is held. */
  readonly tensor?: tf.Tensor;
}

/** An array of given values. */
export function knownOf(elem: number, shape: readonly number[], values: ArrayLike<number>): Known {
  const data = kindOf(elem).make(values.length);
  data.set(values);
  return { elem, shape, data };
}

/** An array in which one value stands everywhere. */
export function filled(elem: number, shape: readonly number[], value: number): Known {
  return { elem, shape, data: kindOf(elem).make(sizeOf(shape)).fill(value) };
}

/** Distances between neighbours along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** The shape that both broadcast to. @throws Error where they don't */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [n, m] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (n !== m && n !== 1 && m !== 1) throw new Error(`[${a}] and [${b}] don't broadcast`);
    return n === 1 ? m : n;
  });
}

/** Strides with which an array is read as one of a larger shape. */
function spread({ shape }: Known, to: readonly number[]): number[] {
  const strides = stridesOf(shape);
  return to.map((_, i) => {
    const axis = i - to.length + shape.length;
    return axis < 0 || shape[axis] === 1 ? 0 : strides[axis]!;
  });
}

/** Calls with the places of each element, in order, in arrays of the given strides. */
function walk(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  starts: readonly number[],
  visit: (at: readonly number[], i: number) => void,
): void {
  const size = sizeOf(shape);
  const index = shape.map(() => 0);
  const at = [...starts];
  for (let i = 0; i < size; i++) {
    visit(at, i);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      for (let k = 0; k < at.length; k++) at[k]! += strides[k]![axis]!;
      if (++index[axis]! < shape[axis]!) break;
      for (let k = 0; k < at.length; k++) at[k]! -= strides[k]![axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** A function of the elements of arrays that broadcast. */
export function zipped(elem: number, f: (...values: number[]) => number, ...xs: readonly Known[]): Known {
  const shape = xs.reduce<readonly number[]>((all, x) => broadcastShape(all, x.shape), []);
  const data = kindOf(elem).make(sizeOf(shape));
  const strides = xs.map((x) => spread(x, shape));
  walk(
    shape,
    strides,
    xs.map(() => 0),
    (at, i) => {
      data[i] = f(...xs.map((x, k) => x.data[at[k]!]!));
    },
  );
  return { elem, shape, data };
}

/** An array read with other strides from a place on: a transposition, a slice, a repetition. */
export function strided(x: Known, shape: readonly number[], strides: readonly number[], from = 0): Known {
  const data = kindOf(x.elem).make(sizeOf(shape));
  walk(shape, [strides], [from], ([at], i) => {
    data[i] = x.data[at!]!;
  });
  return { elem: x.elem, shape, data };
}

/** An array repeated along axes of length 1. */
export function expanded(x: Known, shape: readonly number[]): Known {
  return strided(x, shape, spread(x, shape));
}

/** Its axes in another order. */
export function transposed(x: Known, perm: readonly number[]): Known {
  const strides = stridesOf(x.shape);
  return strided(
    x,
    perm.map((axis) => x.shape[axis]!),
    perm.map((axis) => strides[axis]!),
  );
}

/** Arrays one after the other along an axis. */
export function joined(xs: readonly Known[], axis: number): Known {
  const [first] = xs as [Known];
  const shape = first.shape.with(
    axis,
    xs.reduce((sum, x) => sum + x.shape[axis]!, 0),
  );
  const inner = sizeOf(shape.slice(axis));
  const data = kindOf(first.elem).make(sizeOf(shape));
  let from = 0;
  for (const x of xs) {
    const part = sizeOf(x.shape.slice(axis));
    for (let row = 0; row * part < x.data.length && part > 0; row++) {
      data.set(x.data.subarray(row * part, (row + 1) * part), row * inner + from);
    }
    from += part;
  }
  return { elem: first.elem, shape, data };
}

/** Reduces axes one after the other, which stay with length 1. */
export function reduced(
  x: Known,
  axes: readonly number[],
  merge: (sum: number, value: number) => number,
  start: number,
): Known {
  const shape = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const data = new Float64Array(sizeOf(shape)).fill(start);
  const into = stridesOf(shape).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  walk(x.shape, [into, stridesOf(x.shape)], [0, 0], ([to, at]) => {
    data[to!] = merge(data[to!]!, x.data[at!]!);
  });
  return knownOf(x.elem, shape, data);
}

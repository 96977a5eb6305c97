/**
 * Forms: how the elements of one value are those of another, in another order. Convolutions compute in layouts of their
 * own; what comes out of one is a form of it, and goes into the next without being put in order in between.
 *
 * @module
 */
import { type Form, isComputed, sameShape, type Value, type View } from "./value.ts";

/** The form that a view has of a value that is still there. */
export function formOf({ value, shape }: View): Form | undefined {
  const { form } = value;
  return form !== undefined && sameShape(form.shape, shape) && usable(form.from.value) ? form : undefined;
}

/** Whether a value can still be an input: it is computed, or going to be. */
export function usable(value: Value): boolean {
  return value.node !== undefined || isComputed(value);
}

/** The form of something that is only transposed. */
export function transposition(from: View, perm: readonly number[]): Form {
  return { from, perm, parts: perm.map(() => 1), shape: perm.map((axis) => from.shape[axis]!) };
}

/** A form's axes in another order. */
export function permuted({ from, perm, parts, shape }: Form, order: readonly number[]): Form {
  const groups = grouped(perm, parts);
  return {
    from,
    perm: order.flatMap((axis) => groups[axis]!),
    parts: order.map((axis) => parts[axis]!),
    shape: order.map((axis) => shape[axis]!),
  };
}

/** A form whose axes are split into those of the given sizes; undefined where they are joined otherwise. */
export function refined(
  { from, perm, parts }: Form,
  sizes: readonly (readonly number[])[],
): Form | undefined {
  const groups = grouped(perm, parts);
  const split = from.shape.map((n): readonly number[] => [n]);
  const finer: number[] = [];
  for (const [i, group] of groups.entries()) {
    const wanted = sizes[i]!;
    if (wanted.length === 1) {
      finer.push(group.length);
      continue;
    }
    if (group.length === 1) split[group[0]!] = wanted;
    else if (
      !sameShape(
        group.map((axis) => from.shape[axis]!),
        wanted,
      )
    )
      return undefined;
    finer.push(...wanted.map(() => 1));
  }
  const starts = split.map((_, axis) => split.slice(0, axis).flat().length);
  return {
    from: { value: from.value, shape: split.flat() },
    perm: perm.flatMap((axis) => split[axis]!.map((_, i) => starts[axis]! + i)),
    parts: finer,
    shape: sizes.flat(),
  };
}

/** The axes of `from` that make up each axis of a form. */
export function axesOf({ perm, parts }: Form): number[][] {
  return grouped(perm, parts);
}

function grouped(perm: readonly number[], parts: readonly number[]): number[][] {
  const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((a, b) => a + b, 0));
  return ends.map((end, i) => perm.slice(end - parts[i]!, end));
}

/** The permutation that undoes one. */
export function inverseOf(perm: readonly number[]): number[] {
  const inverse = new Array<number>(perm.length);
  perm.forEach((axis, i) => {
    inverse[axis] = i;
  });
  return inverse;
}

/**
 * What the datasets that make up one target must have in common.
 *
 * @module
 */
import { type Dataset, InputError, type Range } from "../../core/mod.ts";

/**
 * The shape that all datasets share.
 * @param target name of the target, for the message
 * @param datasets by the role that each has in the target
 * @throws InputError naming roles and shapes where they differ
 */
export function sharedShape(target: string, datasets: Readonly<Record<string, Dataset>>): readonly number[] {
  const entries = Object.entries(datasets);
  const shapes = entries.map(([, { shape }]) => JSON.stringify(shape));
  if (new Set(shapes).size > 1) {
    const seen = entries.map(([role, { name }], i) => `${role} (${name}) has ${shapes[i]}`);
    throw new InputError(`target "${target}": its datasets must agree in shape, but ${seen.join(", ")}`);
  }
  return entries[0]![1].shape;
}

/** The range that holds all datasets' values; none where one of them has none. */
export function commonRange(datasets: readonly Dataset[]): { readonly range?: Range } {
  const ranges = datasets.flatMap(({ range }) => (range === undefined ? [] : [range]));
  if (ranges.length < datasets.length) return {};
  return { range: [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))] };
}

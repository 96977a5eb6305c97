/**
 * Which rows the scorer learns from, which set the threshold, and which test it.
 *
 * @module
 */
import { type FiniteDataset, InputError, type Key, subset } from "../../../core/mod.ts";
import type { NoveltyDetection } from "./options.ts";

/** Rows by their use. A table is standardised by the rows to learn from alone. */
export interface NoveltyRows {
  /** Normal rows to learn from. */
  readonly learn: FiniteDataset;
  /** Normal rows for the threshold; absent where none are held out. */
  readonly heldOut: FiniteDataset | undefined;
  /** Rows to test with, in their own order; absent where there are none. */
  readonly test: FiniteDataset | undefined;
}

/** Draws the rows. @throws InputError where there are too few, or classes that are not there */
export async function rowsOf(
  { data, test, normal, rows, holdOut }: NoveltyDetection,
  key: Key,
): Promise<NoveltyRows> {
  if (normal !== undefined) data.only(normal); // for its checks
  const all = indicesOf(data, normal);
  const order = key.fold("rows").permutation(all.length);
  if (rows !== undefined && rows > all.length) {
    throw new InputError(
      `rows: ${rows} normal rows are asked for, but dataset "${data.name}" has ${all.length}`,
    );
  }
  const used = order.subarray(0, rows ?? all.length).map((i) => all[i]!);
  const held = Math.round(holdOut * used.length);
  if (held === used.length)
    throw new InputError(`holdOut: ${holdOut} of ${held} rows leaves none to learn from`);
  const learn = used.slice(held).sort();
  const standardised = data.standardisedBy?.(learn) ?? data;
  return {
    learn: subset(standardised, learn),
    heldOut: held === 0 ? undefined : subset(standardised, used.slice(0, held).sort()),
    test: test && (standardised === data ? test : await standardised.heldOut!()),
  };
}

/** Rows of the classes that are normal. */
export function indicesOf(
  { labels, size }: FiniteDataset,
  classes: readonly number[] | undefined,
): Int32Array {
  const every = Int32Array.from({ length: size }, (_, i) => i);
  return classes === undefined ? every : every.filter((i) => classes.includes(labels![i]!));
}

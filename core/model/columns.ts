/**
 * Columns of tables: what the values of a row are, and how they were standardised. Kept with the networks of a run, so
 * that rows that are made or scored later are in the table's own units.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";
import * as tf from "../tensor/tf.ts";

/** What one value of a row is. */
export interface Column {
  /** Of the table's column. */
  readonly name: string;
  /** Present where the value tells whether the cell is this text: 1 if it is, 0 if not (one-hot). */
  readonly category?: string;
  /** A value x of the table is given out as `(x − mean)/scale`. */
  readonly mean: number;
  /** Above 0. */
  readonly scale: number;
}

/** Rows `[n, d]` in the units of their table, from standardised ones. */
export function unstandardised(rows: tf.Tensor, columns: readonly Column[]): tf.Tensor {
  return tf.tidy(() => tf.add(tf.mul(rows, vector(columns, "scale")), vector(columns, "mean")));
}

/** Standardised rows `[n, d]`, from those of a table. */
export function standardised(rows: tf.Tensor, columns: readonly Column[]): tf.Tensor {
  return tf.tidy(() => tf.div(tf.sub(rows, vector(columns, "mean")), vector(columns, "scale")));
}

function vector(columns: readonly Column[], part: "mean" | "scale"): tf.Tensor {
  return tf.tensor1d(columns.map((column) => column[part]));
}

/**
 * The columns that several sets of rows share; none where none of them is of a table.
 * @param owner of the sets, for the message, e.g. `target "mixture"`
 * @param sets by the role that each has
 * @throws InputError where some have columns and others have none, or other ones
 */
export function sharedColumns(
  owner: string,
  sets: Readonly<Record<string, { readonly columns?: readonly Column[] }>>,
): { readonly columns?: readonly Column[] } {
  const entries = Object.entries(sets);
  const texts = entries.map(([, { columns }]) => JSON.stringify(columns ?? null));
  const other = texts.findIndex((text) => text !== texts[0]);
  const columns = entries[0]?.[1].columns;
  if (other < 0) return columns === undefined ? {} : { columns };
  throw new InputError(
    `${owner}: ${entries[0]![0]} and ${entries[other]![0]} have other columns, or are standardised by other numbers. ` +
      "Take both from one table with a column of labels, or give standardise: false",
  );
}

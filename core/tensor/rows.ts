/**
 * Rows of tables in memory as tensors. A backend with a memory of its own may keep a table there: then a batch takes no more
 * than the numbers of its rows.
 *
 * @module
 */
import { sizeOf } from "./key.ts";
import * as tf from "./tf.ts";

/** A table of numbers, which never change. */
export interface RowTable {
  /** Row by row. */
  readonly values: Float32Array | Uint8Array;
  /** Shape of a row. */
  readonly shape: readonly number[];
  /** Value v is given out as `v·scale + shift`. */
  readonly scale: number;
  readonly shift: number;
}

/** A backend that keeps tables where it computes. */
export interface TableBackend {
  /**
   * @param rows of the table, each there
   * @returns `[rows.length, ...table.shape]`; undefined where such rows are better brought there each time
   */
  rowsOf(table: RowTable, rows: Int32Array): tf.Tensor | undefined;
}

/**
 * Rows of a table, `[rows.length, ...table.shape]`: the same numbers on every backend.
 * @throws RangeError where there is no such row
 */
export function rowsOf(table: RowTable, rows: Int32Array): tf.Tensor {
  const size = table.values.length / sizeOf(table.shape);
  for (const row of rows) if (!(row >= 0 && row < size)) throw new RangeError(`row ${row} of ${size}`);
  const backend = tf.backend() as Partial<TableBackend>;
  const there = backend.rowsOf?.(table, rows);
  return there ?? tf.tensor(rowNumbers(table, rows), [rows.length, ...table.shape]);
}

/** The numbers of a table's rows, each there; all rows unless some are given. */
export function rowNumbers({ values, shape, scale, shift }: RowTable, rows?: Int32Array): Float32Array {
  const width = sizeOf(shape);
  const count = rows?.length ?? values.length / width;
  const out = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    for (let j = 0, from = (rows?.[i] ?? i) * width, to = i * width; j < width; j++) {
      out[to + j] = values[from + j]! * scale + shift;
    }
  }
  return out;
}

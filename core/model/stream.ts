/**
 * Endless streams of rows: all rows in a random order, then all of them in another, and so on.
 *
 * @module
 */
import type { Key } from "../tensor/key.ts";

/** The indices of the `i`-th batch, from 0. */
export type Stream = (i: number) => Int32Array;

/** Batches of m of the given rows: a function of the key and i alone, in whatever order it is asked. */
export function streamOf(rows: Int32Array, m: number, key: Key): Stream {
  let pass = -1;
  let order: Int32Array = new Int32Array(0);
  return (i) => {
    const batch = new Int32Array(m);
    for (let j = 0; j < m; j++) {
      const at = i * m + j;
      const of = Math.floor(at / rows.length);
      if (of !== pass) {
        pass = of;
        order = key.fold("pass", of).permutation(rows.length);
      }
      batch[j] = rows[order[at % rows.length]!]!;
    }
    return batch;
  };
}

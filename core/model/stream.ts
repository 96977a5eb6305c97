/**
 * Orders of rows: which rows each batch of a training takes.
 *
 * @module
 */
import type { Key } from "../tensor/key.ts";

/** The indices of the `i`-th batch, from 0. */
export type Stream = (i: number) => Int32Array;

/**
 * Batches of m of the given rows, endlessly: all rows in a random order, then all of them in another, and so on. A batch
 * may begin in one pass and end in the next. A function of the key and i alone, in whatever order it is asked.
 */
export function streamOf(rows: Int32Array, m: number, key: Key): Stream {
  const orderOf = lastOf((pass) => key.fold("pass", pass).permutation(rows.length));
  return (i) => {
    const batch = new Int32Array(m);
    for (let j = 0; j < m; j++) {
      const place = i * m + j;
      const order = orderOf(Math.floor(place / rows.length));
      batch[j] = rows[order[place % rows.length]!]!;
    }
    return batch;
  };
}

/**
 * Batches of m of the rows 0 to n − 1 that keep passes apart: each pass takes all rows once, in an order of its own, in
 * ⌈n/m⌉ batches.
 * @param last the last batch of a pass has the rows that are left (`short`), or those over and over until it has m
 *   (`filled`)
 */
export function passesOf(n: number, m: number, key: Key, last: "short" | "filled"): Stream {
  const perPass = Math.ceil(n / m);
  const orderOf = lastOf((pass) => key.fold(pass).permutation(n));
  return (i) => {
    const [pass, within] = [Math.floor(i / perPass), i % perPass];
    const rows = orderOf(pass).subarray(within * m, (within + 1) * m);
    return last === "short" ? rows : Int32Array.from({ length: m }, (_, j) => rows[j % rows.length]!);
  };
}

/** The same function, remembering its last result: an order is drawn once a pass. */
function lastOf<T>(make: (i: number) => T): (i: number) => T {
  let last: { readonly i: number; readonly made: T } | undefined;
  return (i) => {
    if (last?.i !== i) last = { i, made: make(i) };
    return last.made;
  };
}

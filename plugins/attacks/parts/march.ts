/**
 * The loop that all iterative attacks share: a compiled step on tensors of one row an image, until every image is done.
 *
 * Images that are done take no further steps of their own, and once half of a batch is done, the others go on in a
 * batch half as large: batch sizes are powers of two below the first, so that few programs are compiled.
 *
 * @module
 */
import { type Key, type Step, tf } from "../../../core/mod.ts";
import { rowsOf } from "./rows.ts";

/** Tensors of one row an image. */
export type Rows = Readonly<Record<string, tf.Tensor>>;

/** A loop about to begin. */
export interface March<G extends Rows, S extends Rows & { readonly done: tf.Tensor }> {
  /** One iteration: from the given rows and the state to the next state, of the same names. */
  readonly step: Step<string, keyof S & string>;
  /** What stays as it is. The caller's. */
  readonly given: G;
  /** What changes; `done`, `[n]`, is 1 where an image needs no more steps. Taken over, whatever becomes of the loop. */
  readonly state: S;
  /** Iterations at most. */
  readonly steps: number;
  /** What differs from iteration to iteration (from 0) and is the same for all images; tensors stay the caller's. */
  readonly numbers?: (i: number) => Readonly<Record<string, number | tf.Tensor>>;
  readonly key: Key;
  readonly signal: AbortSignal;
}

/** Batches are not made smaller than this. */
const LEAST = 8;

/** Rows that have left the loop, and which images they are. */
interface Finished<S> {
  readonly images: readonly number[];
  readonly rows: S;
}

/**
 * Runs the loop.
 * @returns the last state of each image, in the order in which they came; the caller disposes it
 */
export async function march<G extends Rows, S extends Rows & { readonly done: tf.Tensor }>(
  of: March<G, S>,
): Promise<S> {
  const n = of.state.done.shape[0]!;
  const finished: Finished<S>[] = [];
  let images = Array.from({ length: n }, (_, i) => i); // −1: a row that fills up the batch
  let given = clones(of.given);
  let { state } = of;
  try {
    for (let i = 0; i < of.steps; i++) {
      const next = of.step.run(
        { ...given, ...state, ...of.numbers?.(i) },
        of.key.fold("step", i),
      ) as unknown as S;
      tf.dispose(state);
      state = next;
      const done = await state.done.data();
      of.signal.throwIfAborted();
      const going = images.map((_, row) => row).filter((row) => images[row]! >= 0 && !done[row]);
      if (going.length === 0) break;
      const size = sizeFor(going.length, n);
      if (size < images.length && i + 1 < of.steps) {
        const leaving = images.map((_, row) => row).filter((row) => images[row]! >= 0 && done[row]);
        finished.push({ images: leaving.map((row) => images[row]!), rows: rowsOf(state, leaving) });
        const staying = Array.from({ length: size }, (_, j) => going[j] ?? going[0]!);
        const [lessGiven, lessState] = [rowsOf(given, staying), rowsOf(state, staying)];
        tf.dispose([given, state]);
        [given, state] = [lessGiven, lessState];
        images = staying.map((row, j) => (j < going.length ? images[row]! : -1));
      }
    }
    finished.push({ images, rows: clones(state) });
    return together(finished, n);
  } finally {
    tf.dispose([given, state, ...finished.map(({ rows }) => rows)]);
  }
}

/** The batch size for so many images: a power of two, or the first one where that is no smaller. */
export function sizeFor(images: number, first: number): number {
  const size = 2 ** Math.ceil(Math.log2(Math.max(images, LEAST)));
  return size < first ? size : first;
}

function clones<T extends Rows>(rows: T): T {
  return Object.fromEntries(Object.entries(rows).map(([name, x]) => [name, x.clone()])) as unknown as T;
}

/** All rows in the order of the images. */
function together<S extends Rows>(finished: readonly Finished<S>[], n: number): S {
  const place = new Int32Array(n);
  finished
    .flatMap(({ images }) => images)
    .forEach((image, row) => {
      if (image >= 0) place[image] = row;
    });
  return tf.tidy(() => {
    const names = Object.keys(finished[0]!.rows);
    const joined = Object.fromEntries(
      names.map((name) => [name, tf.concat(finished.map(({ rows }) => rows[name]!))]),
    );
    return rowsOf(joined, place) as unknown as S;
  });
}

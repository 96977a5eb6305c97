/**
 * What scorers share: numbers of a training, and scores of rows.
 *
 * @module
 */
import { type FiniteDataset, type Network, Optimizers, type Refs, tf, z } from "../../core/mod.ts";

const count = z.int().positive();

/** The schema of a training: its optimiser and its length. */
export function trainingShape(
  refs: Refs,
  usual: {
    readonly epochs: number;
    readonly optimizer: { readonly use: string; readonly [option: string]: unknown };
  },
) {
  return z
    .strictObject({
      epochs: count.default(usual.epochs).describe("Passes over the rows."),
      optimizer: refs(Optimizers).prefault(usual.optimizer).describe("Optimiser."),
    })
    .prefault({});
}

/** α of Eq. (1), in [0, 1). @param usual the default */
export function alphaSchema(usual: number) {
  return z
    .number()
    .min(0)
    .lt(1)
    .default(usual)
    .describe("α of Eq. (1): share of pd in the mixture (1 − α)·pg + α·pd.");
}

/** Rows that are computed at a time. */
const BLOCK = 200;

/** Values that a function gives for each row of a dataset, row by row, computed in blocks. */
export async function valuesOf(
  data: FiniteDataset,
  of: (x: tf.Tensor) => tf.Tensor,
  rows: ArrayLike<number> = Array.from({ length: data.size }, (_, i) => i),
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let from = 0; from < rows.length; from += BLOCK) {
    const chosen = Array.prototype.slice.call(rows, from, from + BLOCK) as number[];
    const y = tf.tidy(() => of(data.rows(chosen)));
    parts.push((await y.data()) as Float32Array);
    y.dispose();
  }
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Scores of a dataset's rows. */
export async function scoresOf(
  scorer: Network,
  data: FiniteDataset,
  rows?: ArrayLike<number>,
): Promise<Float32Array> {
  return await valuesOf(data, (x) => scorer.apply(x, { training: false }), rows);
}

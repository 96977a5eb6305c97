/**
 * Data to draw from: a formula, or a finite set of rows.
 *
 * @module
 */

import { contract } from "../plugin/contract.ts";
import { InputError } from "../plugin/errors.ts";
import { sizeOf } from "../tensor/key.ts";
import { rowsOf } from "../tensor/rows.ts";
import type * as tf from "../tensor/tf.ts";
import type { Column } from "./columns.ts";
import type { Sampler } from "./sampler.ts";

/** Smallest and largest value. */
export type Range = readonly [low: number, high: number];

/** A shape that samples lie on or near: lets a measure say how far off a point is, and where along the shape. */
export interface Geometry {
  /**
   * @param points `[n, d]`, row by row
   * @returns for each point its signed distance from the shape's centre line (which side it lies on), in the data's
   *   own units, and where along that line its nearest point is, in [0, 1)
   */
  locate(points: Float32Array): { readonly offset: Float32Array; readonly position: Float32Array };
}

/** Classes of rows, from 0. */
export type Labels = Uint8Array | Int32Array;

/** Something to draw samples from. */
export interface Dataset {
  readonly name: string;
  /** Shape of one sample, without the batch axis. */
  readonly shape: readonly number[];
  /** Smallest and largest value a sample can have; absent where there is no bound. */
  readonly range?: Range;
  /** Draws rows with replacement. */
  readonly sample: Sampler;
  readonly geometry?: Geometry;
  /** Of a table: what each value of a row is; the shape is their number. */
  readonly columns?: readonly Column[];
}

/** A finite, possibly labelled, set of rows. */
export interface FiniteDataset extends Dataset {
  /** Number of rows. */
  readonly size: number;
  /** Class of each row, from 0; absent where the data carries no labels. */
  readonly labels?: Labels;
  /** Number of classes, where there are labels. */
  readonly classes?: number;
  /** The rows of the given indices, `[indices.length, ...shape]`. */
  rows(indices: ArrayLike<number>): tf.Tensor;
  /** The rows whose class is among the given ones. @throws InputError where a class is absent */
  only(labels: readonly number[]): FiniteDataset;
  /** Rows held back for testing, where the data comes with such. */
  readonly heldOut?: () => Promise<FiniteDataset>;
  /**
   * Of a table: the same rows, and those held back, standardised by the statistics of the given rows alone.
   * @param indices of rows
   */
  readonly standardisedBy?: (indices: ArrayLike<number>) => FiniteDataset;
}

/** The contract under which datasets are registered. */
export const Datasets = contract<Dataset>("dataset", "Data to draw rows from", { readsData: true });

/** Whether a dataset is a finite set of rows. */
export function isFiniteDataset(dataset: Dataset): dataset is FiniteDataset {
  return "rows" in dataset;
}

/** Rows to train with, and others to test with. */
export interface Splits {
  readonly data: FiniteDataset;
  readonly test: FiniteDataset;
}

/** The labelled training and test rows of a dataset. @throws InputError where it does not have both */
export async function labelledSplits(data: Dataset): Promise<Splits> {
  if (!isFiniteDataset(data) || data.labels === undefined || data.heldOut === undefined) {
    throw new InputError(`dataset "${data.name}" has no labelled test split: take one that has`);
  }
  const test = await data.heldOut();
  if (test.classes !== data.classes) {
    throw new InputError(
      `dataset "${data.name}": ${data.classes} classes to train with, but ${test.classes} held out`,
    );
  }
  return { data, test };
}

/** Rows in memory, and how to read them. */
export interface ArraySource {
  readonly name: string;
  /** `[n, ...shape]` row by row; bytes are kept as bytes and scaled when drawn. They must not change: a GPU may have a copy. */
  readonly values: Float32Array | Uint8Array;
  readonly shape: readonly number[];
  readonly labels?: Labels;
  /** More than the largest label; one more unless given. */
  readonly classes?: number;
  /** Value v is given out as `v·scale + shift`. */
  readonly scale?: number;
  readonly shift?: number;
  /** Range of the values given out. */
  readonly range?: Range;
  readonly geometry?: Geometry;
  /** Of a table: what the values given out are. */
  readonly columns?: readonly Column[];
  readonly heldOut?: () => Promise<FiniteDataset>;
}

/**
 * A dataset of rows in memory.
 * @example
 * ```ts
 * import { fromArrays, Key, tf } from "dsgan";
 *
 * await tf.setBackend("cpu");
 * const values = Uint8Array.of(0, 255, 255, 0); // two images of 1 × 2 pixels
 * const data = fromArrays({ name: "two", values, shape: [1, 2, 1], labels: Uint8Array.of(0, 1), scale: 1 / 255 });
 * console.log(data.size, data.classes, data.rows([1]).dataSync()); // 2, 2, [1, 0]
 * console.log(data.sample(Key.from("example"), 5).shape); // [5, 1, 2, 1]
 * ```
 * @throws InputError where the sizes of values, shape and labels do not agree, or there are no rows
 */
export function fromArrays(source: ArraySource): FiniteDataset {
  const { name, values, shape, labels } = source;
  const width = sizeOf(shape);
  const size = values.length / width;
  if (!Number.isInteger(size) || size === 0) {
    throw new InputError(
      `dataset "${name}": ${values.length} values cannot be cut into rows of shape [${shape}] (${width} values each)`,
    );
  }
  if (labels !== undefined && labels.length !== size) {
    throw new InputError(`dataset "${name}": ${size} rows, but ${labels.length} labels`);
  }
  if (labels !== undefined && source.classes !== undefined && largest(labels) >= source.classes) {
    throw new InputError(
      `dataset "${name}": ${source.classes} classes, but a row has the label ${largest(labels)}: labels are 0 to ` +
        `${source.classes - 1}`,
    );
  }
  return select(
    source,
    Int32Array.from({ length: size }, (_, i) => i),
  );
}

/** A view of the chosen rows of a source; shares its values. */
function select(source: ArraySource, chosen: Int32Array): FiniteDataset {
  const { name, values, shape, scale = 1, shift = 0 } = source;
  const table = { values, shape, scale, shift };
  const size = chosen.length;
  const labels = source.labels && labelsAt(source.labels, chosen);
  const classes = source.labels && (source.classes ?? largest(source.labels) + 1);

  const rows = (indices: ArrayLike<number>): tf.Tensor => {
    const places = Int32Array.from(indices, (i) => {
      const row = chosen[i];
      if (row === undefined) throw new RangeError(`dataset "${name}": row ${i} of ${size}`);
      return row;
    });
    return rowsOf(table, places);
  };

  return {
    name,
    shape,
    size,
    ...(source.range && { range: source.range }),
    ...(source.geometry && { geometry: source.geometry }),
    ...(source.columns && { columns: source.columns }),
    ...(labels && { labels, classes: classes! }),
    ...(source.heldOut && { heldOut: source.heldOut }),
    rows,
    sample: (key, n) => rows(key.integers(n, size)),
    only(wanted) {
      requireLabels(name, labels, wanted);
      const heldOut = source.heldOut;
      const kept = chosen.filter((_, i) => wanted.includes(labels![i]!));
      return select(
        {
          ...source,
          classes: classes!,
          ...(heldOut && { heldOut: async () => (await heldOut()).only(wanted) }),
        },
        kept,
      );
    },
  };
}

/**
 * Some rows of a dataset, in the given order; shares its values, and its held-out rows.
 * @param chosen indices of rows of `data`
 */
export function subset(data: FiniteDataset, chosen: Int32Array): FiniteDataset {
  const { name, labels, standardisedBy } = data;
  const rows = (indices: ArrayLike<number>): tf.Tensor =>
    data.rows(
      Array.from(indices, (i) => {
        const row = chosen[i];
        if (row === undefined) throw new RangeError(`dataset "${name}": row ${i} of ${chosen.length}`);
        return row;
      }),
    );
  return {
    ...data,
    size: chosen.length,
    ...(labels && { labels: labelsAt(labels, chosen) }),
    ...(standardisedBy && {
      standardisedBy: (indices) => subset(standardisedBy(Array.from(indices, (i) => chosen[i]!)), chosen),
    }),
    rows,
    sample: (key, n) => rows(key.integers(n, chosen.length)),
    only(wanted) {
      requireLabels(name, labels && labelsAt(labels, chosen), wanted);
      return subset(
        data,
        chosen.filter((row) => wanted.includes(labels![row]!)),
      );
    },
  };
}

function labelsAt(labels: Labels, rows: Int32Array): Labels {
  const chosen = labels instanceof Uint8Array ? new Uint8Array(rows.length) : new Int32Array(rows.length);
  return chosen.map((_, i) => labels[rows[i]!]!);
}

function largest(labels: Labels): number {
  let most = 0;
  for (const label of labels) most = Math.max(most, label);
  return most;
}

/** @throws InputError unless every wanted label occurs */
function requireLabels(name: string, labels: Labels | undefined, wanted: readonly number[]): void {
  if (labels === undefined)
    throw new InputError(`dataset "${name}" has no labels: cannot take classes [${wanted}]`);
  if (wanted.length === 0)
    throw new InputError(`dataset "${name}": the set of labels is empty; name at least one`);
  const present = new Set(labels);
  const absent = wanted.filter((label) => !present.has(label));
  if (absent.length > 0) {
    const has = [...present].sort((a, b) => a - b).join(", ");
    throw new InputError(
      `dataset "${name}" has no rows labelled ${absent.join(", ")}; its labels are ${has}`,
    );
  }
}

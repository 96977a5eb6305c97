/**
 * Which rows of labelled data are labelled to a semi-supervised method, which validate, and which are unlabelled.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";
import type { Key } from "../tensor/key.ts";
import type { FiniteDataset } from "./dataset.ts";

/** Options of {@link splitRows}. */
export interface SplitOptions {
  /** Labelled rows in all, as many of each class. */
  readonly labeled: number;
  /** Rows held back to choose an epoch by: neither labelled nor unlabelled. */
  readonly validation: number;
  /** Whether labelled rows are among the unlabelled ones too (`all`) or not (`rest`). */
  readonly unlabeled: "rest" | "all";
}

/** Indices of rows; the test rows are another dataset, which a split never sees. */
export interface Split {
  readonly labeled: Int32Array;
  readonly validation: Int32Array;
  readonly unlabeled: Int32Array;
}

/**
 * Draws a split of training rows. The same key gives the same split.
 * @throws InputError where the classes cannot share the labelled rows evenly, or there are too few rows
 * @example
 * ```ts
 * import { fromArrays, Key, splitRows } from "dsgan";
 *
 * const values = Float32Array.from({ length: 40 }, (_, i) => i);
 * const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 2);
 * const data = fromArrays({ name: "mine", values, shape: [2], labels });
 * const split = splitRows(data, { labeled: 4, validation: 6, unlabeled: "rest" }, Key.from("split"));
 * console.log(split.unlabeled.length); // 10
 * ```
 */
export function splitRows(data: FiniteDataset, options: SplitOptions, key: Key): Split {
  const { labels, classes, name, size } = data;
  if (labels === undefined || classes === undefined) {
    throw new InputError(`dataset "${name}" has no labels, and semi-supervised learning needs some`);
  }
  const perClass = options.labeled / classes;
  if (!Number.isInteger(perClass)) {
    throw new InputError(
      `labeled is ${options.labeled}, which ${classes} classes cannot share evenly: give a multiple of ${classes}`,
    );
  }
  const labeled: number[] = [];
  const others: number[] = [];
  const taken = new Array<number>(classes).fill(0);
  for (const row of key.fold("rows").permutation(size)) {
    const label = labels[row]!;
    if (taken[label]! < perClass) {
      taken[label]!++;
      labeled.push(row);
    } else others.push(row);
  }
  const short = taken.findIndex((count) => count < perClass);
  if (short >= 0) {
    const most = Math.min(...taken) * classes;
    throw new InputError(
      most === 0
        ? `dataset "${name}" has no rows of class ${taken.indexOf(0)}, but some of each of ${classes} classes are to be ` +
            "labelled: take data that has rows of each class"
        : `dataset "${name}" has ${taken[short]} rows of class ${short}, but ${perClass} of each class are to be labelled: ` +
            `give at most ${most} as labeled`,
    );
  }
  const { validation } = options;
  if (validation >= others.length) {
    const left = others.length;
    throw new InputError(
      left === 0
        ? "no rows are left beside the labelled ones, and some must remain without labels: give a smaller labeled"
        : `validation is ${validation}, but only ${left} rows are left beside the labelled ones, and some must ` +
            `remain without labels: give at most ${left - 1}`,
    );
  }
  const rest = others.slice(validation);
  return {
    labeled: Int32Array.from(labeled),
    validation: Int32Array.from(others.slice(0, validation)),
    unlabeled: Int32Array.from(options.unlabeled === "all" ? [...labeled, ...rest] : rest),
  };
}

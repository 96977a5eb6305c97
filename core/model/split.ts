/**
 * Which rows are labelled, which validate, and which have no labels to the methods.
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
  /** Whether labelled rows are among the unlabelled ones as well. */
  readonly unlabeled: "rest" | "all";
}

/** Indices into the training rows; the test rows are another dataset, of which nothing is known here. */
export interface Split {
  readonly labeled: Int32Array;
  readonly validation: Int32Array;
  readonly unlabeled: Int32Array;
}

/**
 * Draws a split: the same key, the same rows.
 * @throws InputError where labels cannot be spread evenly, or rows do not suffice
 */
export function splitRows(data: FiniteDataset, options: SplitOptions, key: Key): Split {
  const { labels, classes, name, size } = data;
  if (labels === undefined || classes === undefined) {
    throw new InputError(
      `dataset "${name}" has no labels: semi-supervised learning needs some, and to be judged`,
    );
  }
  const each = options.labeled / classes;
  if (!Number.isInteger(each)) {
    throw new InputError(
      `labeled is ${options.labeled}, which ${classes} classes cannot share evenly: give a multiple of ${classes}`,
    );
  }
  const order = key.fold("rows").permutation(size);
  const labeled: number[] = [];
  const others: number[] = [];
  const taken = new Array<number>(classes).fill(0);
  for (const row of order) {
    const label = labels[row]!;
    if (taken[label]! < each) {
      taken[label]!++;
      labeled.push(row);
    } else others.push(row);
  }
  const short = taken.findIndex((count) => count < each);
  if (short >= 0) {
    throw new InputError(
      `dataset "${name}" has ${taken[short]} rows of class ${short}, fewer than the ${each} labelled ones asked for`,
    );
  }
  const { validation } = options;
  if (validation >= others.length) {
    throw new InputError(
      `validation is ${validation}, but only ${others.length} rows are left beside the labelled ones, and some must ` +
        `remain without labels: give a smaller number`,
    );
  }
  const rest = others.slice(validation);
  return {
    labeled: Int32Array.from(labeled),
    validation: Int32Array.from(others.slice(0, validation)),
    unlabeled: Int32Array.from(options.unlabeled === "all" ? [...labeled, ...rest] : rest),
  };
}

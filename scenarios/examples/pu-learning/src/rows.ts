/**
 * Which rows are known to be positive, and which are unlabelled.
 *
 * @module
 */
import { type FiniteDataset, InputError, type Key, subset } from "dsgan";
import type { PuLearning } from "./options.ts";

/** Rows by what is known of them. */
export interface PuRows {
  readonly positive: FiniteDataset;
  readonly unlabelled: FiniteDataset;
  /** The negatives among the unlabelled rows: for the oracle alone. */
  readonly negative: FiniteDataset;
  readonly test: FiniteDataset;
}

/**
 * Draws the rows. The known positives are none of the unlabelled ones.
 * @throws InputError where there are too few
 */
export function drawRows(
  {
    data,
    test,
    positive,
    prior,
    labelled,
    unlabelled,
  }: Pick<PuLearning, "data" | "test" | "positive" | "prior" | "labelled" | "unlabelled">,
  key: Key,
): PuRows {
  const order = key.permutation(data.size);
  const isPositive = (row: number): boolean => positive.includes(data.labels![row]!);
  const [ofPositive, ofNegative] = [order.filter(isPositive), order.filter((row) => !isPositive(row))];
  const among = Math.round(prior * unlabelled);
  const needed = { positive: labelled + among, negative: unlabelled - among };
  for (const [name, rows] of [
    ["positive", ofPositive],
    ["negative", ofNegative],
  ] as const) {
    if (rows.length >= needed[name]) continue;
    throw new InputError(
      `dataset "${data.name}" has ${rows.length} ${name} rows, but ${needed[name]} are asked for: ` +
        "give fewer labelled or unlabelled rows",
    );
  }
  const negative = ofNegative.slice(0, needed.negative);
  return {
    positive: subset(data, ofPositive.slice(0, labelled)),
    unlabelled: subset(
      data,
      Int32Array.from([...ofPositive.slice(labelled, needed.positive), ...negative]).sort(),
    ),
    negative: subset(data, negative),
    test,
  };
}

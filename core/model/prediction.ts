/**
 * What a model takes rows for: the one place where logits become classes.
 *
 * @module
 */
import * as tf from "../tensor/tf.ts";

/** Stands where a model gave no class: one of its logits is NaN or infinite. It equals no label, so it is never right. */
export const NO_CLASS = -1;

/** The class of each row of logits `[n, K]`, int32 `[n]`: that of the largest, or {@link NO_CLASS}. */
export function predictionOf(logits: tf.Tensor): tf.Tensor1D {
  return tf.tidy(() => {
    const sound = tf.all(tf.isFinite(logits), 1); // [n]
    return tf.where(
      sound,
      tf.argMax(logits, 1),
      tf.fill([logits.shape[0]!], NO_CLASS, "int32"),
    ) as tf.Tensor1D;
  });
}

/** How many of the rows have no class. */
export function withoutClass(predictions: ArrayLike<number>): number {
  return Array.from(predictions).filter((label) => label === NO_CLASS).length;
}

/**
 * What is told where a model gave no class to some rows.
 * @param counted what they count as
 * @returns nothing where it gave one to all
 */
export function warningsOfSilence(
  model: string,
  silent: number,
  of: number,
  rows: string,
  counted = "wrong",
): string[] {
  if (silent === 0) return [];
  return [`${model} gives NaN or infinity for ${silent} of ${of} ${rows}: they count as ${counted}`];
}

/** The 97.5 % point of the normal distribution. */
const Z = 1.959963984540054;

/** Accuracy above chance by less than this share of what there is to gain is as good as none. */
const LITTLE = 0.1;

/** What a model made of labelled rows. */
export interface Counted {
  readonly classes: number;
  readonly labels: ArrayLike<number>;
  /** Rows that it takes for what they are. */
  readonly right: number;
  /** Rows to which it gives no class. */
  readonly silent: number;
}

/** Counts what a model takes labelled rows for. */
export function countOf(labels: ArrayLike<number>, predictions: ArrayLike<number>, classes: number): Counted {
  const right = Array.from(labels).filter((label, i) => label === predictions[i]).length;
  return { classes, labels, right, silent: withoutClass(predictions) };
}

/**
 * What is to be told of a model with such answers: rows without a class, and an accuracy at or near chance.
 * @param model what it is called
 * @param rows what the rows are called
 */
export function accuracyWarnings(model: string, rows: string, counted: Counted): string[] {
  const { right, silent, labels } = counted;
  const n = labels.length;
  const share = right / n;
  const chance = chanceOf(counted);
  // the lower end of Wilson's 95 % interval
  const spread = Z * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  const low = (share + Z ** 2 / (2 * n) - spread) / (1 + Z ** 2 / n);
  const percent = (of: number): string => `${(100 * of).toFixed(1)} %`;
  const nearChance =
    `${model} has ${percent(share)} of ${n} ${rows} right, little more than by chance (${percent(chance)}): it has ` +
    "learnt nothing, or its weights, their layout, its preprocessing or the order of its classes are others than meant";
  return [
    ...warningsOfSilence(model, silent, n, rows),
    ...(low > chance + LITTLE * (1 - chance) ? [] : [nearChance]),
  ];
}

/** Share of the rows that guessing has right: each class as often, or always the commonest of several. */
function chanceOf({ labels, classes }: Counted): number {
  const counts = new Uint32Array(classes);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
  const most = Math.max(...counts) / labels.length;
  return Math.max(1 / classes, most < 1 ? most : 0);
}

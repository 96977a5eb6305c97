/**
 * The losses of Triple-GAN. D gives scores s, logits of the probability that a pair of row and label is real: −log D is
 * softplus(−s) and −log(1 − D) is softplus(s), finite for every s.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";
import type { Pairs } from "./conditional.ts";

/** What a player pays for a pair: log(1 − D), as in the paper, or −log D, as in the authors' code. */
export type Form = "saturating" | "non-saturating";

/** What a player pays for pairs with these scores, each by itself. */
export function price(scores: tf.Tensor, form: Form): tf.Tensor {
  return form === "saturating" ? tf.neg(tf.softplus(scores)) : tf.softplus(tf.neg(scores));
}

/** Pairs that stand for rows with labels drawn from p(y | x) of a classifier. */
export interface Classified {
  /** `[n·c, ...]`: each row with c labels, one after the other. */
  readonly pairs: Pairs;
  /** p(y | x) of each pair, `[n, c]`; it has a gradient in the classifier. */
  readonly p: tf.Tensor;
}

/** The likeliest class, one-hot `[n, K]`, of logits `[n, K]`: a constant to every gradient. */
export function likeliest(logits: tf.Tensor): tf.Tensor {
  const classes = logits.shape[1]!;
  // what customGrad calculates is not recorded: nothing behind it is gone through for a gradient that is 0
  const constant = tf.customGrad(() => ({
    value: tf.cast(tf.oneHot(tf.argMax(logits, 1) as tf.Tensor1D, classes), "float32"),
    gradFunc: () => [],
  }));
  return constant();
}

/** How the expectation over labels of a row is taken: at the likeliest label alone, or over all K. */
export type Estimate = "likeliest" | "exact";

/**
 * Pairs of rows and labels that a classifier gives them.
 * @param x `[n, ...shape]`
 * @param logits `[n, K]`
 */
export function classified(x: tf.Tensor, logits: tf.Tensor, estimate: Estimate): Classified {
  const p = tf.softmax(logits);
  if (estimate === "likeliest") {
    const y = likeliest(logits);
    return { pairs: { x, y }, p: tf.sum(tf.mul(p, y), 1, true) };
  }
  const [n, classes] = logits.shape as [number, number];
  const [, ...shape] = x.shape;
  const repeated = tf.tile(tf.expandDims(x, 1), [1, classes, ...shape.map(() => 1)]);
  const labels = tf.tile(tf.eye(classes), [n, 1]);
  return { pairs: { x: tf.reshape(repeated, [n * classes, ...shape]), y: labels }, p };
}

/**
 * What the classifier pays for its pairs, `E Σ_y p(y | x)·price(D(x, y))`. Its gradient in the logits, with all labels,
 * is that of the expectation; with the likeliest alone, p(y | x) of that one has a gradient.
 * @param scores of the pairs, `[n·c, 1]`
 */
export function classifiedPrice({ p }: Classified, scores: tf.Tensor, form: Form): tf.Scalar {
  return tf.mean(tf.sum(tf.mul(p, price(tf.reshape(scores, p.shape), form)), 1)) as tf.Scalar;
}

/** Scores of the pairs that a discriminator is shown, `[n, 1]` each. */
export interface Scores {
  /** Labelled rows. */
  readonly labeled: tf.Tensor;
  /** Unlabelled rows with the classifier's likeliest label, taken for real; absent: none. */
  readonly pseudo?: tf.Tensor;
  /** Pairs of the classifier, `[n·c, 1]`. */
  readonly classified: tf.Tensor;
  readonly generated: tf.Tensor;
}

/** Weights of {@link discriminatorLoss}. */
export interface DiscriminatorWeights {
  /** Of the classifier's pairs among the false ones, in (0, 1); the generator's have 1 − α. */
  readonly alpha: number;
  /** Of labelled rows among the real ones, in (0, 1]; 1 where there are no others. */
  readonly labeledShare: number;
}

/**
 * `−E log D(real) − α·E log(1 − D(x_u, y_C)) − (1 − α)·E log(1 − D(G(z, y), y))`
 * @param p of the classifier's pairs, `[n, c]`; with one label each, that label counts in full
 */
export function discriminatorLoss(
  scores: Scores,
  p: tf.Tensor,
  { alpha, labeledShare }: DiscriminatorWeights,
): tf.Scalar {
  const real = (s: tf.Tensor): tf.Tensor => tf.mean(tf.softplus(tf.neg(s)));
  const share = scores.pseudo === undefined ? 1 : labeledShare;
  const terms = [tf.mul(share, real(scores.labeled))];
  if (scores.pseudo !== undefined) terms.push(tf.mul(1 - share, real(scores.pseudo)));
  const each = tf.softplus(tf.reshape(scores.classified, p.shape)); // [n, c]
  const all = p.shape[1] === 1 ? each : tf.sum(tf.mul(p, each), 1);
  terms.push(tf.mul(alpha, tf.mean(all)), tf.mul(1 - alpha, tf.mean(tf.softplus(scores.generated))));
  return tf.addN(terms) as tf.Scalar;
}

/** `−E_y log E_x p(y | x)`, y uniform: how far a batch is from using all classes alike, log K at the least. */
export function imbalance(logits: tf.Tensor): tf.Scalar {
  const mean = tf.mean(tf.softmax(logits), 0); // [K]
  return tf.neg(tf.mean(tf.log(tf.clipByValue(mean, TINY, 1)))) as tf.Scalar;
}

/** Mean squared difference of the probabilities of two passes, logits `[n, K]`. */
export function disagreement(one: tf.Tensor, other: tf.Tensor): tf.Scalar {
  return tf.mean(tf.squaredDifference(tf.softmax(one), tf.softmax(other))) as tf.Scalar;
}

/** Keeps logarithms finite (the authors' code). */
const TINY = 1e-6;

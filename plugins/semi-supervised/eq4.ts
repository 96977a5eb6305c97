/**
 * The terms of Eq. (4), to be minimised, of the K logits `[n, K]` of a classifier: logit K + 1, that of generated rows, is
 * fixed at 0, so that with `lse` the logarithm of the sum of the K exponentials
 * `log P(y ≤ K | x) = lse − softplus(lse)` and `log P(K + 1 | x) = −softplus(lse)`, neither of which overflows.
 * T. Salimans et al., "Improved Techniques for Training GANs", NIPS 2016, Sec. 5; Z. Dai et al., "Good Semi-supervised
 * Learning That Requires a Bad GAN", NIPS 2017, Eq. (2).
 *
 * @module
 */
import { conditionalEntropy, crossEntropy, tf } from "../../core/mod.ts";

/** `−E log P(y ≤ K | x)`: rows without labels are of some class. */
export function takenForData(logits: tf.Tensor): tf.Scalar {
  const lse = tf.logSumExp(logits, 1); // [n]
  return tf.mean(tf.sub(tf.softplus(lse), lse)) as tf.Scalar;
}

/** `−E log P(K + 1 | x)`: generated rows are of none. */
export function takenForGenerated(logits: tf.Tensor): tf.Scalar {
  return tf.mean(tf.softplus(tf.logSumExp(logits, 1))) as tf.Scalar;
}

/** Weights of what a classifier minimises. */
export interface Eq4Weights {
  /** Of the two unsupervised terms, each halved as in the authors' code: 2 is Eq. (4) to the letter. ≥ 0 */
  readonly ganWeight: number;
  /** Of the conditional entropy, ≥ 0. */
  readonly entropyWeight: number;
}

/** `CE(labeled) + ganWeight/2·(takenForData(unlabeled) + takenForGenerated(generated)) + entropyWeight·H(unlabeled)` */
export function eq4(
  logits: Readonly<Record<"labeled" | "unlabeled" | "generated", tf.Tensor>>,
  labels: tf.Tensor,
  { ganWeight, entropyWeight }: Eq4Weights,
): tf.Scalar {
  const unsupervised = tf.add(takenForData(logits.unlabeled), takenForGenerated(logits.generated));
  const terms = [crossEntropy(logits.labeled, labels), tf.mul(ganWeight / 2, unsupervised)];
  if (entropyWeight > 0) terms.push(tf.mul(entropyWeight, conditionalEntropy(logits.unlabeled)));
  return tf.addN(terms) as tf.Scalar;
}

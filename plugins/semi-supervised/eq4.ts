/**
 * Eq. (4): what the classifier minimises. With K logits `[n, K]`, and logit K + 1, that of generated rows, fixed at 0,
 * `lse` the logarithm of the sum of the K exponentials gives `log P(y ≤ K | x) = lse − softplus(lse)` and
 * `log P(K + 1 | x) = −softplus(lse)`, neither of which overflows.
 * T. Salimans et al., "Improved Techniques for Training GANs", NIPS 2016, Sec. 5; Z. Dai et al., "Good Semi-supervised
 * Learning That Requires a Bad GAN", NIPS 2017, Eq. (2).
 *
 * @module
 */
import { conditionalEntropy, crossEntropy, tf } from "../../core/mod.ts";
import type { GeneratorPart } from "./generator.ts";
import type { SslLearner, SslProblem } from "./method.ts";
import { noisyLogits } from "./passes.ts";

/** `−E log P(y ≤ K | x)` of logits `[n, K]`, in nats: unlabelled rows belong to one of the K classes. */
export function takenForData(logits: tf.Tensor): tf.Scalar {
  const lse = tf.logSumExp(logits, 1); // [n]
  return tf.mean(tf.sub(tf.softplus(lse), lse)) as tf.Scalar;
}

/** `−E log P(K + 1 | x)` of logits `[n, K]`, in nats: generated rows belong to none of the K classes. */
export function takenForGenerated(logits: tf.Tensor): tf.Scalar {
  return tf.mean(tf.softplus(tf.logSumExp(logits, 1))) as tf.Scalar;
}

/** Weights of the terms of {@link eq4}. */
export interface Eq4Weights {
  /** Of the two unsupervised terms, each halved as in the authors' code: 2 is Eq. (4) to the letter. ≥ 0 */
  readonly ganWeight: number;
  /** Of the conditional entropy of unlabelled rows, ≥ 0; Eq. (4) itself has 0. */
  readonly entropyWeight: number;
}

/**
 * `CE(labeled) + ganWeight/2·(takenForData(unlabeled) + takenForGenerated(generated)) + entropyWeight·H(unlabeled)`
 * @param logits `[n, K]` of each kind of rows
 * @param labels one-hot `[n, K]`, of the labelled rows
 */
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

/**
 * A classifier's loss: {@link eq4} on the rows of an iteration and as many generated ones, with training's noise.
 * @example
 * ```ts
 * import { eq4Loss, type GeneratorPart, type SslProblem } from "dsgan/ssl";
 *
 * export const lossOf = (problem: SslProblem, generator: GeneratorPart) =>
 *   eq4Loss(problem, generator, { ganWeight: 1, entropyWeight: 0 });
 * ```
 */
export function eq4Loss(
  { classifier, m }: Pick<SslProblem, "classifier" | "m">,
  { rows }: Pick<GeneratorPart, "rows">,
  weights: Eq4Weights,
): SslLearner["classifierLoss"] {
  return ({ labeled, labels, unlabeled }, key) => {
    const generated = rows(m, key.fold("generated"));
    const logits = noisyLogits({ classifier }, key, { labeled, unlabeled, generated }); // [m, K] each
    return eq4(logits, labels, weights);
  };
}

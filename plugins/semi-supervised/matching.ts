/**
 * How near two batches of features are, and how far apart the rows of one.
 *
 * @module
 */
import { type Optimizer, tf } from "../../core/mod.ts";
import type { GeneratorPart } from "./generator.ts";
import type { SslPlayer, SslProblem, SslSetting } from "./method.ts";

/** How the difference of two mean features is measured. */
export type Distance = "squared" | "absolute";

/** As the published scripts of feature matching have it: squared on MNIST, absolute on images in colour. */
export function usualDistance({ recipe }: SslSetting): Distance {
  return recipe === "mnist" ? "squared" : "absolute";
}

/** The mean, over features, of the squared or absolute difference of the mean rows of `[n, width]` and `[m, width]`. */
export function featureDistance(generated: tf.Tensor, real: tf.Tensor, distance: Distance): tf.Scalar {
  const difference = tf.sub(tf.mean(generated, 0), tf.mean(real, 0)); // [width]
  return tf.mean(distance === "squared" ? tf.square(difference) : tf.abs(difference)) as tf.Scalar;
}

/** A generator whose rows have the mean features of the batch `matched`, which the learner draws. */
export function matchingPlayer(
  { features, m }: SslProblem,
  { network, rows }: GeneratorPart,
  optimizer: Optimizer,
  distance: Distance,
): SslPlayer {
  return {
    name: "generator",
    networks: [network],
    optimizer,
    loss({ matched }, key) {
      const generated = rows(m, key.fold("pg"));
      const f = (x: tf.Tensor, name: string): tf.Tensor =>
        features.of(x, { training: true, key: key.fold(name) }); // [m, ...features.shape]
      return featureDistance(f(generated, "f(pg)"), f(matched!, "f(pd)"), distance);
    },
  };
}

/**
 * The pull-away term: the mean over all ordered pairs of rows of `[n, width]` of their squared cosine.
 * J. Zhao, M. Mathieu, Y. LeCun, "Energy-based Generative Adversarial Networks", ICLR 2017, Eq. (4).
 */
export function pullAway(features: tf.Tensor): tf.Scalar {
  const n = features.shape[0]!;
  const length = tf.sqrt(tf.add(tf.sum(tf.square(features), 1, true), 1e-12)); // [n, 1]
  const unit = tf.div(features, length) as tf.Tensor2D;
  const cosines = tf.matMul(unit, unit, false, true); // [n, n]
  // the diagonal: 1 for each row, but for rows that are 0
  const own = tf.sum(tf.square(tf.sum(tf.square(unit), 1)));
  return tf.div(tf.sub(tf.sum(tf.square(cosines)), own), n * (n - 1)) as tf.Scalar;
}

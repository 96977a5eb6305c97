/**
 * Matching features: a generator whose rows have the mean features of the data, and a term that keeps rows apart.
 *
 * @module
 */
import { type Built, type Optimizer, type Refs, tf, z } from "../../core/mod.ts";
import { type GeneratorPart, generatorOptions, usualGenerators } from "./generator.ts";
import type { SslPlayer, SslProblem } from "./method.ts";
import { noisyFeatures } from "./passes.ts";
import { scheduledAdam } from "./rates.ts";
import type { Recipe } from "./recipe.ts";

/** Options of every method that matches features, for its schema to spread. */
export const matchingOptions = (refs: Refs) => ({
  distance: z
    .enum(["squared", "absolute"])
    .optional()
    .describe(
      "How the two mean features are compared: by mean square, or mean absolute, difference; by default the recipe's, " +
        "squared on MNIST, absolute on images in colour.",
    ),
  ...generatorOptions(refs),
});

const schema = (refs: Refs) => z.strictObject(matchingOptions(refs));
/** {@link matchingOptions}, with the components that they refer to. */
export type MatchingOptions = Built<typeof schema>;

/** How the difference of two mean features is measured. */
export type Distance = Exclude<MatchingOptions["distance"], undefined>;

const imageRates = scheduledAdam({ learningRate: 3e-4, beta1: 0.5, beta2: 0.999 });

/** Feature matching's generators: rates as published, but for the schedule, which is that of all methods here. */
export const matchingGenerators = {
  mnist: {
    generator: usualGenerators.mnist,
    generatorOptimizer: scheduledAdam({ learningRate: 3e-3, beta1: 0.5, beta2: 0.999 }),
  },
  svhn: { generator: usualGenerators.svhn, generatorOptimizer: imageRates },
  cifar10: { generator: usualGenerators.cifar10, generatorOptimizer: imageRates },
};

/** Feature matching's numbers, as in the published scripts. */
export const matchingRecipes: Readonly<
  Record<string, Recipe<MatchingOptions, "distance" | "generator" | "generatorOptimizer">>
> = {
  mnist: { distance: "squared", ...matchingGenerators.mnist },
  svhn: { distance: "absolute", ...matchingGenerators.svhn },
  cifar10: { distance: "absolute", ...matchingGenerators.cifar10 },
};

/** The mean, over features, of the squared or absolute difference of the mean rows of `[n, width]` and `[m, width]`. */
export function featureDistance(generated: tf.Tensor, real: tf.Tensor, distance: Distance): tf.Scalar {
  const difference = tf.sub(tf.mean(generated, 0), tf.mean(real, 0)); // [width]
  return tf.mean(distance === "squared" ? tf.square(difference) : tf.abs(difference)) as tf.Scalar;
}

/** A generator whose rows have the mean features of the batch `matched`, which the learner must draw. */
export function matchingPlayer(
  problem: SslProblem,
  { network, rows }: GeneratorPart,
  optimizer: Optimizer,
  distance: Distance,
): SslPlayer {
  return {
    name: "generator",
    networks: [network],
    optimizer,
    loss({ matched }, key) {
      const batches = { pg: rows(problem.m, key.fold("pg")), pd: matched! };
      const f = noisyFeatures(problem, key, batches); // [m, ...features.shape] each
      return featureDistance(f.pg, f.pd, distance);
    },
  };
}

/**
 * The pull-away term: the mean squared cosine of all ordered pairs of rows of `[n, width]`, in [0, 1].
 * J. Zhao, M. Mathieu, Y. LeCun, "Energy-based Generative Adversarial Networks", ICLR 2017, Eq. (4).
 */
export function pullAway(features: tf.Tensor): tf.Scalar {
  const n = features.shape[0]!;
  const length = tf.sqrt(tf.add(tf.sum(tf.square(features), 1, true), 1e-12)); // [n, 1]
  const unit = tf.div(features, length) as tf.Tensor2D;
  const cosines = tf.matMul(unit, unit, false, true); // [n, n]
  // the diagonal is 1, except where a row is 0
  const diagonal = tf.sum(tf.square(tf.sum(tf.square(unit), 1)));
  return tf.div(tf.sub(tf.sum(tf.square(cosines)), diagonal), n * (n - 1)) as tf.Scalar;
}

/**
 * CT-GAN: feature matching, and a classifier whose predictions of a row must agree under two draws of its noise.
 * X. Wei, B. Gong, Z. Liu, W. Lu, L. Wang, "Improving the Improved Training of Wasserstein GANs: A Consistency Term and
 * Its Dual Effect", ICLR 2018; the term and its numbers are those of the published scripts.
 *
 * @module
 */
import { type Built, component, Optimizers, type Refs, tf, z } from "../../../core/mod.ts";
import { eq4 } from "../eq4.ts";
import { generatorLearner, generatorPart } from "../generator.ts";
import { matchingOptions, matchingPlayer, matchingRecipes } from "../matching.ts";
import { type SslMethod, SslMethods } from "../method.ts";
import { noisyOutputs, type Outputs } from "../passes.ts";
import { completed, created, type Recipe } from "../recipe.ts";

const options = (refs: Refs) =>
  z.strictObject({
    consistency: z
      .number()
      .min(0)
      .optional()
      .describe("Weight λ of the consistency term; by default the recipe's, 0.1 on MNIST, 1 on images."),
    featureConsistency: z
      .number()
      .min(0)
      .optional()
      .describe(
        "Weight μ of features beside that of probabilities; by default the recipe's, 0 on MNIST, 0.1 on images.",
      ),
    margin: z.number().min(0).default(0).describe("Inconsistency M′ that costs a row nothing."),
    ...matchingOptions(refs),
    entropyWeight: z
      .number()
      .min(0)
      .default(0)
      .describe("Weight of the conditional entropy of unlabelled rows in the classifier's loss."),
  });

/** Options of {@link ctGan}. */
export type CtGanOptions = Built<typeof options>;

type Row = Recipe<
  CtGanOptions,
  "consistency" | "featureConsistency" | "distance" | "generator" | "generatorOptimizer"
>;

/** MNIST's script leaves features out, as they made training unstable. There is none for SVHN: CIFAR-10's. */
const recipes: Readonly<Record<string, Row>> = {
  mnist: { consistency: 0.1, featureConsistency: 0, ...matchingRecipes.mnist! },
  svhn: { consistency: 1, featureConsistency: 0.1, ...matchingRecipes.svhn! },
  cifar10: { consistency: 1, featureConsistency: 0.1, ...matchingRecipes.cifar10! },
};

/** Weights of {@link inconsistency}. */
export interface ConsistencyWeights {
  readonly consistency: number;
  readonly featureConsistency: number;
  readonly margin: number;
}

/** Mean, over all but the first axis, of the squared difference: `[n]`. */
function meanSquares(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [n] = a.shape as [number];
  return tf.mean(tf.square(tf.reshape(tf.sub(a, b), [n, -1])), 1);
}

/**
 * `E max(0, consistency·(d(p, p′) + featureConsistency·d(f, f′)) − margin)` over the rows of two passes, with p the
 * probabilities of the K classes, f the features, and d the mean square of a difference.
 */
export function inconsistency(one: Outputs, other: Outputs, weights: ConsistencyWeights): tf.Scalar {
  const { consistency, featureConsistency, margin } = weights;
  let apart = meanSquares(tf.softmax(one.logits), tf.softmax(other.logits)); // [n]
  if (featureConsistency > 0) {
    apart = tf.add(apart, tf.mul(featureConsistency, meanSquares(one.features, other.features)));
  }
  return tf.mean(tf.relu(tf.sub(tf.mul(consistency, apart), margin))) as tf.Scalar;
}

/** The generator matches mean features; the classifier minimises Eq. (4) `+ ganWeight/2·inconsistency`. */
export function ctGan(given: CtGanOptions): SslMethod {
  return {
    name: "ct-gan",
    async start(problem) {
      const { m, setting, context } = problem;
      const parts = completed('ssl-method "ct-gan"', setting.recipe, recipes, given);
      const { ganWeight, entropyWeight, consistency, featureConsistency, margin, distance } = parts;
      const optimizer = await created(context, Optimizers, parts.generatorOptimizer);
      const generator = await generatorPart(parts, problem);
      return generatorLearner(generator, {
        settings: { ganWeight, entropyWeight, consistency, featureConsistency, margin, distance },
        draws: { matched: "unlabeled" },
        players: [matchingPlayer(problem, generator, optimizer, distance)],
        classifierLoss({ labeled, labels, unlabeled }, key) {
          const generated = generator.rows(m, key.fold("generated"));
          // each row of a pass draws noise of its own
          const passed = noisyOutputs(problem, key, { labeled, unlabeled, generated, again: unlabeled });
          const logits = {
            labeled: passed.labeled.logits,
            unlabeled: passed.unlabeled.logits,
            generated: passed.generated.logits,
          };
          const weights = { consistency, featureConsistency, margin };
          const apart = inconsistency(passed.unlabeled, passed.again, weights);
          return tf.add(
            eq4(logits, labels, { ganWeight, entropyWeight }),
            tf.mul(ganWeight / 2, apart),
          ) as tf.Scalar;
        },
      });
    },
  };
}

/** How a scenario names it: `method: ct-gan`. */
export default component(SslMethods, {
  name: "ct-gan",
  summary: "Feature matching with a consistency term (CT-GAN)",
  reference: "Wei et al., ICLR 2018, arXiv:1803.01541",
  options,
  create: async (given, context) => ctGan(await context.build(given)),
});

/**
 * Feature matching: the generator makes rows whose mean features are those of the data.
 * T. Salimans, I. Goodfellow, W. Zaremba, V. Cheung, A. Radford, X. Chen, "Improved Techniques for Training GANs",
 * NIPS 2016, Secs. 3.1 and 5.
 *
 * @module
 */
import { type Built, component, Optimizers, type Refs, z } from "../../../core/mod.ts";
import { eq4Loss } from "../eq4.ts";
import { generatorLearner, generatorPart } from "../generator.ts";
import { matchingOptions, matchingPlayer, matchingRecipes } from "../matching.ts";
import { type SslMethod, SslMethods } from "../method.ts";
import { completed, created } from "../recipe.ts";

const options = (refs: Refs) =>
  z.strictObject({
    ...matchingOptions(refs),
    entropyWeight: z
      .number()
      .min(0)
      .default(0)
      .describe("Weight of the conditional entropy of unlabelled rows in the classifier's loss."),
  });

/** Options of {@link featureMatching}. */
export type FeatureMatchingOptions = Built<typeof options>;

/**
 * The generator minimises `‖E f(x) − E f(G(z))‖²` over the number of features, the classifier Eq. (4).
 * @example
 * ```ts
 * import { mlp } from "dsgan/networks";
 * import { adam } from "dsgan/optimizers";
 * import { featureMatching } from "dsgan/ssl";
 *
 * const method = featureMatching({
 *   generator: mlp({ hidden: [50, 50] }),
 *   generatorOptimizer: adam({ learningRate: 0.001 }),
 *   latent: 10,
 *   ganWeight: 1,
 *   entropyWeight: 0,
 * });
 * console.log(method.name); // feature-matching
 * ```
 */
export function featureMatching(given: FeatureMatchingOptions): SslMethod {
  return {
    name: "feature-matching",
    async start(problem) {
      const { recipe } = problem.setting;
      const parts = completed('ssl-method "feature-matching"', recipe, matchingRecipes, given);
      const { ganWeight, entropyWeight, distance } = parts;
      const optimizer = await created(problem.context, Optimizers, parts.generatorOptimizer);
      const generator = await generatorPart(parts, problem);
      return generatorLearner(generator, {
        settings: { ganWeight, entropyWeight, distance },
        draws: { matched: "unlabeled" },
        players: [matchingPlayer(problem, generator, optimizer, distance)],
        classifierLoss: eq4Loss(problem, generator, { ganWeight, entropyWeight }),
      });
    },
  };
}

/** How a scenario names it: `method: feature-matching`. */
export default component(SslMethods, {
  name: "feature-matching",
  summary: "Feature matching (improved GAN)",
  reference: "Salimans et al., NIPS 2016, arXiv:1606.03498",
  options,
  create: async (given, context) => featureMatching(await context.build(given)),
});

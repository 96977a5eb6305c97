/**
 * Feature matching: the generator makes rows whose mean features are those of the data.
 * T. Salimans, I. Goodfellow, W. Zaremba, V. Cheung, A. Radford, X. Chen, "Improved Techniques for Training GANs",
 * NIPS 2016, Secs. 3.1 and 5.
 *
 * @module
 */
import { type Context, component, z } from "../../../core/mod.ts";
import {
  eq4Loss,
  type GeneratorOptions,
  generatorPart,
  generatorShape,
  matchingRates,
  optimizerOf,
} from "../generator.ts";
import { type Distance, matchingPlayer, usualDistance } from "../matching.ts";
import { type SslMethod, SslMethods } from "../method.ts";

/** Options of {@link featureMatching}. */
export interface FeatureMatchingOptions extends GeneratorOptions {
  /** By default the recipe's. */
  readonly distance?: Distance | undefined;
}

/** The generator matches mean features, the classifier minimises Eq. (4). */
export function featureMatching(options: FeatureMatchingOptions, context: Context): SslMethod {
  return {
    name: "feature-matching",
    async start(problem) {
      const { ganWeight, entropyWeight = 0, distance = usualDistance(problem.setting) } = options;
      const generator = await generatorPart(options, problem, context);
      const rates = matchingRates(problem.setting);
      const optimizer = await optimizerOf(context, options.generatorOptimizer, rates);
      return {
        settings: { ganWeight, entropyWeight, distance, generator: generator.plan },
        draws: { matched: "unlabeled" },
        every: 1,
        players: [matchingPlayer(problem, generator, optimizer, distance)],
        classifierLoss: eq4Loss(problem, generator, { ganWeight, entropyWeight }),
        generate: generator.generate,
        initialize: generator.initialize,
        dispose: () => generator.network.dispose(),
      };
    },
  };
}

/** How a scenario names it: `method: feature-matching`. */
const featureMatchingComponent = component(SslMethods, {
  name: "feature-matching",
  summary: "Feature matching (improved GAN)",
  reference: "Salimans et al., NIPS 2016, arXiv:1606.03498",
  options: (refs) =>
    z.strictObject({
      distance: z
        .enum(["squared", "absolute"])
        .optional()
        .describe(
          "Of the two mean features: mean square, or mean absolute difference; by default squared on MNIST, else absolute.",
        ),
      ...generatorShape(refs),
    }),
  create: (options, context) => featureMatching(options, context),
});

export default featureMatchingComponent;

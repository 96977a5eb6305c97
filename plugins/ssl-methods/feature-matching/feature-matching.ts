/**
 * Feature matching: the generator makes rows whose mean features are those of the data.
 * T. Salimans, I. Goodfellow, W. Zaremba, V. Cheung, A. Radford, X. Chen, "Improved Techniques for Training GANs",
 * NIPS 2016, Secs. 3.1 and 5.
 *
 * @module
 */
import { type Component, type Context, component, type SslMethod, z } from "../../../core/mod.ts";
import {
  type AdamRates,
  eq4Loss,
  type GeneratorOptions,
  generatorPart,
  generatorShape,
  optimizerOf,
} from "../generator.ts";
import { type Distance, featureDistance } from "../matching.ts";

/** Options of {@link featureMatching}. */
export interface FeatureMatchingOptions extends GeneratorOptions {
  readonly distance: Distance;
}

/** Of the published code, but for the schedule, which is that of all methods here. */
const RATES: AdamRates = { learningRate: 3e-3, beta1: 0.5, beta2: 0.999 };
const RATES_OF_IMAGES: AdamRates = { learningRate: 3e-4, beta1: 0.5, beta2: 0.999 };

/** The generator matches mean features, the classifier minimises Eq. (4). */
export function featureMatching(options: FeatureMatchingOptions, context: Context): SslMethod {
  return {
    name: "feature-matching",
    async start(problem) {
      const { features, m, setting } = problem;
      const { ganWeight, entropyWeight = 0, distance } = options;
      const generator = await generatorPart(options, problem, context);
      return {
        settings: { ganWeight, entropyWeight, distance, generator: generator.plan.use },
        draws: { matched: "unlabeled" },
        every: 1,
        players: [
          {
            name: "generator",
            networks: [generator.network],
            optimizer: await optimizerOf(
              context,
              options.generatorOptimizer,
              setting.recipe === "mnist" ? RATES : RATES_OF_IMAGES,
            ),
            loss({ matched }, key) {
              const generated = generator.rows(m, key.fold("pg"));
              const f = (x: typeof generated, name: string) =>
                features.of(x, { training: true, key: key.fold(name) });
              return featureDistance(f(generated, "f(pg)"), f(matched!, "f(pd)"), distance);
            },
          },
        ],
        classifierLoss: eq4Loss(problem, generator, { ganWeight, entropyWeight }),
        generate: generator.generate,
        initialize: generator.initialize,
        dispose: () => generator.network.dispose(),
      };
    },
  };
}

/** How a scenario names it: `method: feature-matching`. */
export const featureMatchingComponent: Component<SslMethod> = component({
  name: "feature-matching",
  summary: "Feature matching (improved GAN)",
  reference: "Salimans et al., NIPS 2016, arXiv:1606.03498",
  options: (refs) =>
    z.strictObject({
      distance: z
        .enum(["squared", "absolute"])
        .default("squared")
        .describe("Of the two mean features: mean square, or mean absolute difference."),
      ...generatorShape(refs),
    }),
  create: (options, context) => featureMatching(options, context),
});

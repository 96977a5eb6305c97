/**
 * Bad GAN: feature matching with a generator whose samples are spread, by a pull-away term or by variational inference
 * of z. Its density estimator (PixelCNN++, which keeps samples away from dense regions) is left out.
 * Z. Dai, Z. Yang, F. Yang, W. W. Cohen, R. Salakhutdinov, "Good Semi-supervised Learning That Requires a Bad GAN",
 * NIPS 2017, Sec. 5.
 *
 * @module
 */
import {
  type Built,
  component,
  InputError,
  type Network,
  Networks,
  Optimizers,
  type Refs,
  tf,
  z,
} from "../../../core/mod.ts";
import { eq4Loss } from "../eq4.ts";
import { generatorLearner, generatorPart, usualGenerators } from "../generator.ts";
import { featureDistance, matchingOptions, pullAway } from "../matching.ts";
import { type SslMethod, SslMethods } from "../method.ts";
import { noisyFeatures } from "../passes.ts";
import { scheduledAdam } from "../rates.ts";
import { completed, created, type Recipe } from "../recipe.ts";

const options = (refs: Refs) =>
  z.strictObject({
    diversity: z
      .enum(["pull-away", "variational"])
      .optional()
      .describe("How samples are kept apart; by default the recipe's, pull-away, on CIFAR-10 variational."),
    diversityWeight: z
      .number()
      .min(0)
      .optional()
      .describe("Weight of that term; by default 0.8 (pull-away) or 0.01 (variational)."),
    encoder: refs(Networks)
      .prefault({ use: "mlp", hidden: [500, 500] })
      .describe("Architecture of q(z | x), for variational; it gives `[2, latent]`."),
    ...matchingOptions(refs),
    entropyWeight: z
      .number()
      .min(0)
      .optional()
      .describe(
        "Weight of the conditional entropy of unlabelled rows in the classifier's loss; by default the recipe's, 0.1 on " +
          "SVHN, else 0.",
      ),
  });

/** Options of {@link badGan}. */
export type BadGanOptions = Built<typeof options>;

type Row = Recipe<
  BadGanOptions,
  "diversity" | "entropyWeight" | "distance" | "generator" | "generatorOptimizer"
>;

/** The published scripts; on MNIST theirs has the density estimator in place of a term for diversity. */
const recipes: Readonly<Record<string, Row>> = {
  mnist: {
    diversity: "pull-away",
    entropyWeight: 0,
    distance: "squared",
    generator: usualGenerators.mnist,
    generatorOptimizer: scheduledAdam({ learningRate: 1e-3, beta1: 0, beta2: 0.9999 }),
  },
  svhn: {
    diversity: "pull-away",
    entropyWeight: 0.1,
    distance: "absolute",
    generator: usualGenerators.svhn,
    generatorOptimizer: scheduledAdam({ learningRate: 1e-3, floor: 1e-4, beta1: 0, beta2: 0.999 }),
  },
  cifar10: {
    diversity: "variational",
    entropyWeight: 0,
    distance: "absolute",
    generator: usualGenerators.cifar10,
    generatorOptimizer: scheduledAdam({ learningRate: 3e-4, beta1: 0, beta2: 0.999 }),
  },
};

/** Weight of each term for diversity in the published scripts. */
const WEIGHTS = { "pull-away": 0.8, variational: 0.01 };

/**
 * `−E log q(z | G(z))` in nats, summed over the d values of z and averaged over rows.
 * @param q means and logarithms of deviations of a normal density, `[n, 2, d]`
 * @param z `[n, d]`
 */
export function codeLength(q: tf.Tensor, z: tf.Tensor): tf.Scalar {
  const [mean, logDeviation] = tf.unstack(q, 1) as [tf.Tensor, tf.Tensor]; // [n, d]
  const standard = tf.mul(tf.sub(z, mean), tf.exp(tf.neg(logDeviation)));
  const nats = tf.add(tf.mul(0.5, tf.square(standard)), logDeviation);
  return tf.mean(tf.sum(tf.add(nats, 0.5 * Math.log(2 * Math.PI)), 1)) as tf.Scalar;
}

/** The generator matches mean features and keeps its samples apart, the classifier minimises Eq. (4). */
export function badGan(given: BadGanOptions): SslMethod {
  return {
    name: "bad-gan",
    async start(problem) {
      const { m, key, shape, state, setting, context } = problem;
      const parts = completed('ssl-method "bad-gan"', setting.recipe, recipes, given);
      const { ganWeight, latent, entropyWeight, diversity, distance } = parts;
      const { diversityWeight = WEIGHTS[diversity] } = parts;
      if (diversity === "pull-away" && m < 2) {
        throw new InputError(`ssl-method "bad-gan": pull-away needs a batch of 2 rows or more, got m = ${m}`);
      }
      const optimizer = await created(context, Optimizers, parts.generatorOptimizer);
      const generator = await generatorPart(parts, problem);
      let encoder: Network | undefined;
      if (diversity === "variational") {
        const ports = { input: shape, output: [2, latent] };
        encoder = state.network("encoder", parts.encoder, ports, key.fold("encoder"));
      }
      return generatorLearner(generator, {
        settings: { ganWeight, entropyWeight, diversity, diversityWeight, distance },
        draws: { matched: "unlabeled" },
        players: [
          {
            name: "generator",
            networks: encoder === undefined ? [generator.network] : [generator.network, encoder],
            optimizer,
            loss({ matched }, key) {
              const code = key.fold("code");
              const z = code.fold("z").uniform([m, latent]);
              const generated = generator.network.apply(z, { training: true, key: code.fold("noise") });
              const f = noisyFeatures(problem, key, { pg: generated, pd: matched! }); // [m, ...features.shape] each
              const spread =
                encoder === undefined
                  ? pullAway(f.pg)
                  : codeLength(encoder.apply(generated, { training: true, key: key.fold("encoder") }), z);
              const matching = featureDistance(f.pg, f.pd, distance);
              return tf.add(matching, tf.mul(diversityWeight, spread)) as tf.Scalar;
            },
          },
        ],
        classifierLoss: eq4Loss(problem, generator, { ganWeight, entropyWeight }),
      });
    },
  };
}

/** How a scenario names it: `method: { use: bad-gan, diversity: pull-away }`. */
export default component(SslMethods, {
  name: "bad-gan",
  summary: "Feature matching with pull-away or variational entropy (badGAN, without PixelCNN++)",
  reference: "Dai et al., NIPS 2017, arXiv:1705.09783",
  options,
  create: async (given, context) => badGan(await context.build(given)),
});

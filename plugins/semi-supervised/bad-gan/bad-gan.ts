/**
 * Bad GAN: feature matching with a generator whose samples are spread, by a pull-away term or by variational inference
 * of z. Its density estimator (PixelCNN++, which keeps samples away from dense regions) is left out.
 * Z. Dai, Z. Yang, F. Yang, W. W. Cohen, R. Salakhutdinov, "Good Semi-supervised Learning That Requires a Bad GAN",
 * NIPS 2017, Sec. 5.
 *
 * @module
 */
import {
  type Context,
  component,
  InputError,
  type Network,
  Networks,
  type Ref,
  tf,
  z,
} from "../../../core/mod.ts";
import {
  type AdamRates,
  eq4Loss,
  type GeneratorOptions,
  generatorPart,
  generatorShape,
  optimizerOf,
} from "../generator.ts";
import { type Distance, featureDistance, pullAway } from "../matching.ts";
import { type SslMethod, SslMethods, type SslSetting } from "../method.ts";

/** How the generator's entropy is kept up. */
export type Diversity = "pull-away" | "variational";

/** Options of {@link badGan}; what is left out is the recipe's. */
export interface BadGanOptions extends GeneratorOptions {
  readonly diversity?: Diversity | undefined;
  /** Weight of that term, ≥ 0. */
  readonly diversityWeight?: number | undefined;
  /** q(z | x) of `variational`: its output is `[2, latent]`, means and logarithms of deviations. */
  readonly encoder: Ref;
}

interface Numbers {
  readonly diversity: Diversity;
  readonly diversityWeight: number;
  readonly entropyWeight: number;
  readonly distance: Distance;
  readonly rates: AdamRates;
}

/** The published scripts; on MNIST theirs has the density estimator in place of a term for diversity. */
const recipes: Record<SslSetting["recipe"], Numbers> = {
  mnist: {
    diversity: "pull-away",
    diversityWeight: 0.8,
    entropyWeight: 0,
    distance: "squared",
    rates: { learningRate: 1e-3, beta1: 0, beta2: 0.9999 },
  },
  svhn: {
    diversity: "pull-away",
    diversityWeight: 0.8,
    entropyWeight: 0.1,
    distance: "absolute",
    rates: { learningRate: 1e-3, floor: 1e-4, beta1: 0, beta2: 0.999 },
  },
  cifar10: {
    diversity: "variational",
    diversityWeight: 0.01,
    entropyWeight: 0,
    distance: "absolute",
    rates: { learningRate: 3e-4, beta1: 0, beta2: 0.999 },
  },
};

/** `−E log q(z | G(z))` for q normal, `[n, 2, d]` means and logarithms of deviations, averaged over rows: a sum over the d values of z. */
export function codeLength(q: tf.Tensor, z: tf.Tensor): tf.Scalar {
  const [mean, logDeviation] = tf.unstack(q, 1) as [tf.Tensor, tf.Tensor]; // [n, d]
  const standard = tf.mul(tf.sub(z, mean), tf.exp(tf.neg(logDeviation)));
  const nats = tf.add(tf.mul(0.5, tf.square(standard)), logDeviation);
  return tf.mean(tf.sum(tf.add(nats, 0.5 * Math.log(2 * Math.PI)), 1)) as tf.Scalar;
}

/** The generator matches mean features and keeps its samples apart, the classifier minimises Eq. (4). */
export function badGan(options: BadGanOptions, context: Context): SslMethod {
  return {
    name: "bad-gan",
    async start(problem) {
      const { features, m, key, shape, state, setting } = problem;
      const recipe = recipes[setting.recipe];
      const { ganWeight, latent, entropyWeight = recipe.entropyWeight } = options;
      const { diversity = recipe.diversity } = options;
      const { diversityWeight = diversity === "pull-away" ? 0.8 : 0.01 } = options;
      if (diversity === "pull-away" && m < 2) {
        throw new InputError(`ssl-method "bad-gan": pull-away needs a batch of 2 rows or more, got m = ${m}`);
      }
      const generator = await generatorPart(options, problem, context);
      let encoder: Network | undefined;
      if (diversity === "variational") {
        const plan = await context.create(Networks, options.encoder);
        encoder = state.network("encoder", plan, { input: shape, output: [2, latent] }, key.fold("encoder"));
      }
      return {
        settings: {
          ganWeight,
          entropyWeight,
          diversity,
          diversityWeight,
          distance: recipe.distance,
          generator: generator.plan,
        },
        draws: { matched: "unlabeled" },
        every: 1,
        players: [
          {
            name: "generator",
            networks: encoder === undefined ? [generator.network] : [generator.network, encoder],
            optimizer: await optimizerOf(context, options.generatorOptimizer, recipe.rates),
            loss({ matched }, key) {
              const code = key.fold("code");
              const z = code.fold("z").uniform([m, latent]); // what `rows` draws from that key
              const generated = generator.network.apply(z, { training: true, key: code.fold("noise") });
              const f = (x: tf.Tensor, name: string): tf.Tensor =>
                features.of(x, { training: true, key: key.fold(name) }); // [m, width]
              const made = f(generated, "f(pg)");
              const spread =
                encoder === undefined
                  ? pullAway(made)
                  : codeLength(encoder.apply(generated, { training: true, key: key.fold("encoder") }), z);
              const distance = featureDistance(made, f(matched!, "f(pd)"), recipe.distance);
              return tf.add(distance, tf.mul(diversityWeight, spread)) as tf.Scalar;
            },
          },
        ],
        classifierLoss: eq4Loss(problem, generator, { ganWeight, entropyWeight }),
        generate: generator.generate,
        initialize: generator.initialize,
        dispose() {
          generator.network.dispose();
          encoder?.dispose();
        },
      };
    },
  };
}

/** How a scenario names it: `method: { use: bad-gan, diversity: pull-away }`. */
const badGanComponent = component(SslMethods, {
  name: "bad-gan",
  summary: "Feature matching with pull-away or variational entropy (badGAN, without PixelCNN++)",
  reference: "Dai et al., NIPS 2017, arXiv:1705.09783",
  options: (refs) =>
    z.strictObject({
      diversity: z
        .enum(["pull-away", "variational"])
        .optional()
        .describe("How samples are kept apart; by default pull-away, on CIFAR-10 variational."),
      diversityWeight: z
        .number()
        .min(0)
        .optional()
        .describe("Weight of that term; by default 0.8 (pull-away) or 0.01 (variational)."),
      encoder: refs(Networks)
        .prefault({ use: "mlp", hidden: [500, 500] })
        .describe("Architecture of q(z | x), for variational."),
      ...generatorShape(refs),
    }),
  create: (options, context) => badGan(options, context),
});

export default badGanComponent;

/**
 * CT-GAN: feature matching with a classifier that two passes of the same rows under different noise must not tell apart.
 * X. Wei, B. Gong, Z. Liu, W. Lu, L. Wang, "Improving the Improved Training of Wasserstein GANs: A Consistency Term and
 * Its Dual Effect", ICLR 2018; the term and its numbers are those of the published scripts.
 *
 * @module
 */
import { type Context, component, tf, z } from "../../../core/mod.ts";
import { eq4 } from "../eq4.ts";
import {
  type GeneratorOptions,
  generatorPart,
  generatorShape,
  matchingRates,
  optimizerOf,
} from "../generator.ts";
import { matchingPlayer, usualDistance } from "../matching.ts";
import { type SslMethod, SslMethods, type SslSetting } from "../method.ts";

/** Options of {@link ctGan}; what is left out is the recipe's. */
export interface CtGanOptions extends GeneratorOptions {
  /** Weight of the consistency term, ≥ 0. */
  readonly consistency?: number | undefined;
  /** Weight of features beside that of probabilities, within the term, ≥ 0. */
  readonly featureConsistency?: number | undefined;
  /** Inconsistency that a row may have at no cost: M′, ≥ 0. */
  readonly margin: number;
}

/** What a classifier gives in one pass: features `[n, ...shape]` and logits `[n, K]`. */
export interface Pass {
  readonly features: tf.Tensor;
  readonly logits: tf.Tensor;
}

/** Weights of {@link inconsistency}. */
export interface ConsistencyWeights {
  readonly consistency: number;
  readonly featureConsistency: number;
  readonly margin: number;
}

/** MNIST's script leaves features out, as they made training unstable. */
const recipes: Record<SslSetting["recipe"], Omit<ConsistencyWeights, "margin">> = {
  mnist: { consistency: 0.1, featureConsistency: 0 },
  svhn: { consistency: 1, featureConsistency: 0.1 },
  cifar10: { consistency: 1, featureConsistency: 0.1 },
};

/** Mean, over all but the first axis, of the squared difference: `[n]`. */
function meanSquares(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [n] = a.shape as [number];
  return tf.mean(tf.square(tf.reshape(tf.sub(a, b), [n, -1])), 1);
}

/**
 * `E max(0, consistency·(d(p, p′) + featureConsistency·d(f, f′)) − margin)` over the rows of two passes, with p the
 * probabilities of the K classes, f the features, and d the mean square of a difference.
 */
export function inconsistency(one: Pass, other: Pass, weights: ConsistencyWeights): tf.Scalar {
  const { consistency, featureConsistency, margin } = weights;
  let apart = meanSquares(tf.softmax(one.logits), tf.softmax(other.logits)); // [n]
  if (featureConsistency > 0) {
    apart = tf.add(apart, tf.mul(featureConsistency, meanSquares(one.features, other.features)));
  }
  return tf.mean(tf.relu(tf.sub(tf.mul(consistency, apart), margin))) as tf.Scalar;
}

/** The generator matches mean features; the classifier minimises Eq. (4) `+ ganWeight/2·inconsistency`. */
export function ctGan(options: CtGanOptions, context: Context): SslMethod {
  return {
    name: "ct-gan",
    async start(problem) {
      const { features, m, setting } = problem;
      const recipe = recipes[setting.recipe];
      const { ganWeight, entropyWeight = 0, margin } = options;
      const { consistency = recipe.consistency, featureConsistency = recipe.featureConsistency } = options;
      const distance = usualDistance(setting);
      const generator = await generatorPart(options, problem, context);
      const optimizer = await optimizerOf(context, options.generatorOptimizer, matchingRates(setting));
      const use = generator.plan;
      return {
        settings: {
          ganWeight,
          entropyWeight,
          consistency,
          featureConsistency,
          margin,
          distance,
          generator: use,
        },
        draws: { matched: "unlabeled" },
        every: 1,
        players: [matchingPlayer(problem, generator, optimizer, distance)],
        classifierLoss({ labeled, labels, unlabeled }, key) {
          const pass = (x: tf.Tensor, name: string): Pass => {
            const mode = { training: true, key: key.fold(name) };
            const f = features.of(x, mode);
            return { features: f, logits: features.head(f, mode) };
          };
          const one = pass(unlabeled, "unlabeled");
          const other = pass(unlabeled, "unlabeled again");
          const logits = {
            labeled: pass(labeled, "labeled").logits,
            unlabeled: one.logits,
            generated: pass(generator.rows(m, key.fold("generated")), "generated").logits,
          };
          const apart = inconsistency(one, other, { consistency, featureConsistency, margin });
          return tf.add(
            eq4(logits, labels, { ganWeight, entropyWeight }),
            tf.mul(ganWeight / 2, apart),
          ) as tf.Scalar;
        },
        generate: generator.generate,
        initialize: generator.initialize,
        dispose: () => generator.network.dispose(),
      };
    },
  };
}

/** How a scenario names it: `method: ct-gan`. */
const ctGanComponent = component(SslMethods, {
  name: "ct-gan",
  summary: "Feature matching with a consistency term (CT-GAN)",
  reference: "Wei et al., ICLR 2018, arXiv:1803.01541",
  options: (refs) =>
    z.strictObject({
      consistency: z
        .number()
        .min(0)
        .optional()
        .describe("Weight of the consistency term; by default the published scripts'."),
      featureConsistency: z
        .number()
        .min(0)
        .optional()
        .describe("Weight of features beside that of probabilities; by default the published scripts'."),
      margin: z.number().min(0).default(0).describe("Inconsistency that a row may have at no cost (M')."),
      ...generatorShape(refs),
    }),
  create: (options, context) => ctGan(options, context),
});

export default ctGanComponent;

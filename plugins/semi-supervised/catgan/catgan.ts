/**
 * CatGAN: the classifier is sure of data, unsure of generated rows, and uses all classes alike; the generator makes rows
 * that it is sure of. There is no class for generated rows.
 * J. T. Springenberg, "Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial Networks",
 * ICLR 2016, Eqs. (7) and (9).
 *
 * @module
 */
import {
  type Built,
  component,
  conditionalEntropy,
  crossEntropy,
  Optimizers,
  type Refs,
  tf,
  z,
} from "../../../core/mod.ts";
import { generatorLearner, generatorOptions, generatorPart } from "../generator.ts";
import { matchingGenerators } from "../matching.ts";
import { type SslMethod, SslMethods } from "../method.ts";
import { noisyLogits } from "../passes.ts";
import { completed, created } from "../recipe.ts";

const options = (refs: Refs) =>
  z.strictObject({
    ...generatorOptions(refs),
    entropyWeight: z
      .number()
      .min(0)
      .default(1)
      .describe("Weight of E H(y | x) on unlabelled rows, within the unsupervised terms."),
  });

/** Options of {@link catgan}. */
export type CatganOptions = Built<typeof options>;

/** `H(E p(y | x))`, the entropy of the mean prediction of a batch of logits `[n, K]`, in nats. */
export function marginalEntropy(logits: tf.Tensor): tf.Scalar {
  const p = tf.mean(tf.softmax(logits), 0); // [K]
  return tf.neg(tf.sum(tf.mul(p, tf.log(tf.add(p, 1e-12))))) as tf.Scalar;
}

/**
 * `L_C = CE + ganWeight·(−H_x + entropyWeight·E H(y | x) − E H(y | G(z)))`, `L_G = −H_G + E H(y | G(z))`, H_x and H_G
 * being the marginal entropies over unlabelled and generated rows.
 */
export function catgan(given: CatganOptions): SslMethod {
  return {
    name: "catgan",
    async start(problem) {
      const { m, setting, context } = problem;
      // the paper gives no rates for these networks: feature matching's
      const parts = completed('ssl-method "catgan"', setting.recipe, matchingGenerators, given);
      const { ganWeight, entropyWeight } = parts;
      const optimizer = await created(context, Optimizers, parts.generatorOptimizer);
      const generator = await generatorPart(parts, problem);
      return generatorLearner(generator, {
        settings: { ganWeight, entropyWeight },
        players: [
          {
            name: "generator",
            networks: [generator.network],
            optimizer,
            loss(_, key) {
              const rows = generator.rows(m, key.fold("pg"));
              const { pg } = noisyLogits(problem, key, { pg: rows });
              return tf.sub(conditionalEntropy(pg), marginalEntropy(pg)) as tf.Scalar;
            },
          },
        ],
        classifierLoss({ labeled, labels, unlabeled }, key) {
          const generated = generator.rows(m, key.fold("generated"));
          const logits = noisyLogits(problem, key, { labeled, unlabeled, generated }); // [m, K] each
          const unsupervised = tf.addN([
            tf.neg(marginalEntropy(logits.unlabeled)),
            tf.mul(entropyWeight, conditionalEntropy(logits.unlabeled)),
            tf.neg(conditionalEntropy(logits.generated)),
          ]);
          const supervised = crossEntropy(logits.labeled, labels);
          return tf.add(supervised, tf.mul(ganWeight, unsupervised)) as tf.Scalar;
        },
      });
    },
  };
}

/** How a scenario names it: `method: catgan`. */
export default component(SslMethods, {
  name: "catgan",
  summary: "Categorical GAN: sure of data, unsure of generated rows",
  reference: "Springenberg, ICLR 2016, arXiv:1511.06390",
  options,
  create: async (given, context) => catgan(await context.build(given)),
});

/**
 * CatGAN: the classifier is sure of data, unsure of generated rows, and uses all classes alike; the generator makes rows
 * that it is sure of. There is no class for generated rows.
 * J. T. Springenberg, "Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial Networks",
 * ICLR 2016, Eqs. (7) and (9).
 *
 * @module
 */
import { type Context, component, conditionalEntropy, crossEntropy, tf, z } from "../../../core/mod.ts";
import {
  type GeneratorOptions,
  generatorPart,
  generatorShape,
  matchingRates,
  optimizerOf,
} from "../generator.ts";
import { type SslMethod, SslMethods } from "../method.ts";

/** Options of {@link catgan}; `entropyWeight` is that of E H(y | x) on unlabelled rows. */
export type CatganOptions = GeneratorOptions;

/** `H(E p(y | x))`, the entropy of the mean prediction of a batch of logits `[n, K]`, in nats. */
export function marginalEntropy(logits: tf.Tensor): tf.Scalar {
  const p = tf.mean(tf.softmax(logits), 0); // [K]
  return tf.neg(tf.sum(tf.mul(p, tf.log(tf.add(p, 1e-12))))) as tf.Scalar;
}

/**
 * `L_C = CE + ganWeight·(−H_x + entropyWeight·E H(y | x) − E H(y | G(z)))`, `L_G = −H_G + E H(y | G(z))`, H_x and H_G
 * being the marginal entropies over unlabelled and generated rows.
 */
export function catgan(options: CatganOptions, context: Context): SslMethod {
  return {
    name: "catgan",
    async start(problem) {
      const { classifier, m, setting } = problem;
      const { ganWeight, entropyWeight = 1 } = options;
      const generator = await generatorPart(options, problem, context);
      return {
        settings: { ganWeight, entropyWeight, generator: generator.plan },
        draws: {},
        every: 1,
        players: [
          {
            name: "generator",
            networks: [generator.network],
            // the paper gives no rates for these networks
            optimizer: await optimizerOf(context, options.generatorOptimizer, matchingRates(setting)),
            loss(_, key) {
              const logits = classifier.apply(generator.rows(m, key.fold("pg")), {
                training: true,
                key: key.fold("C(pg)"),
              });
              return tf.sub(conditionalEntropy(logits), marginalEntropy(logits)) as tf.Scalar;
            },
          },
        ],
        classifierLoss({ labeled, labels, unlabeled }, key) {
          const logits = (x: tf.Tensor, name: string): tf.Tensor =>
            classifier.apply(x, { training: true, key: key.fold(name) }); // [m, K]
          const real = logits(unlabeled, "unlabeled");
          const generated = logits(generator.rows(m, key.fold("generated")), "generated");
          const unsupervised = tf.addN([
            tf.neg(marginalEntropy(real)),
            tf.mul(entropyWeight, conditionalEntropy(real)),
            tf.neg(conditionalEntropy(generated)),
          ]);
          const supervised = crossEntropy(logits(labeled, "labeled"), labels);
          return tf.add(supervised, tf.mul(ganWeight, unsupervised)) as tf.Scalar;
        },
        generate: generator.generate,
        initialize: generator.initialize,
        dispose: () => generator.network.dispose(),
      };
    },
  };
}

/** How a scenario names it: `method: catgan`. */
const catganComponent = component(SslMethods, {
  name: "catgan",
  summary: "Categorical GAN: sure of data, unsure of generated rows",
  reference: "Springenberg, ICLR 2016, arXiv:1511.06390",
  options: (refs) => z.strictObject({ ...generatorShape(refs) }),
  create: (options, context) => catgan(options, context),
});

export default catganComponent;

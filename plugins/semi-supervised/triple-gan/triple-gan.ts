/**
 * Triple-GAN: classifier and conditional generator each make pairs of row and label, and a discriminator tells them from
 * real ones.
 * C. Li, K. Xu, J. Zhu, B. Zhang, "Triple Generative Adversarial Nets", NIPS 2017, Algorithm 1; numbers and practical
 * terms are those of the authors' code, github.com/zhenxuan00/triple-gan.
 *
 * @module
 */
import { component, conditionalEntropy, crossEntropy, firstRows, Optimizers, tf } from "../../../core/mod.ts";
import { generatorLearner } from "../generator.ts";
import { type SslMethod, SslMethods } from "../method.ts";
import { type Batches, noisyLogits } from "../passes.ts";
import { completed, created } from "../recipe.ts";
import { conditionalGenerator } from "./conditional.ts";
import { judgeOf } from "./judge.ts";
import {
  classified,
  classifiedPrice,
  disagreement,
  discriminatorLoss,
  imbalance,
  likeliest,
  price,
} from "./losses.ts";
import { options, recipesOf, type TripleGanOptions } from "./options.ts";

export type { TripleGanOptions };

/** Weights of the classifier's terms that change over the training. */
interface Weights {
  readonly [name: string]: number;
  readonly adversarial: number;
  readonly balance: number;
  readonly pseudo: number;
  readonly consistency: number;
}

/** What {@link weightsAt} takes: options of the same names. */
export type Schedule = {
  readonly [K in
    | "adversarialWeight"
    | "balanceWeight"
    | "pretrain"
    | "pretrainBalance"
    | "pseudoWeight"
    | "pseudoFrom"
    | "consistencyWeight"
    | "consistencyRamp"]: number;
};

/**
 * The weights of the classifier's terms when a share of the training is done.
 * @param progress in [0, 1)
 */
export function weightsAt(schedule: Schedule, progress: number): Weights {
  const { pretrain, pretrainBalance, pseudoFrom, consistencyRamp: ramp } = schedule;
  const isEarly = progress < pretrain;
  const rest = progress < ramp ? 1 - progress / ramp : 0;
  return {
    adversarial: isEarly ? 0 : schedule.adversarialWeight,
    balance: isEarly ? pretrainBalance : schedule.balanceWeight,
    pseudo: progress < pseudoFrom ? 0 : schedule.pseudoWeight,
    consistency: schedule.consistencyWeight * Math.exp(-5 * rest ** 2),
  };
}

/**
 * D tells real pairs from the classifier's and the generator's; the generator makes pairs that D takes for real; the
 * classifier minimises `CE + adversarial·α·E p(y | x)·price(D(x, y)) + entropyWeight·E H(y | x) + balance·imbalance
 * + pseudo·CE(G(z, y), y) + consistency·disagreement`.
 */
export function tripleGan(given: TripleGanOptions): SslMethod {
  return {
    name: "triple-gan",
    async start(problem) {
      const { m, setting, context, classifier } = problem;
      const recipes = recipesOf(setting, classifier.outputShape[0]!);
      const parts = completed('ssl-method "triple-gan"', setting.recipe, recipes, given);
      const { alpha, form, estimate, labeledShare, entropyWeight, labelAs } = parts;
      const { adversarialWeight, balanceWeight, pretrain, pretrainBalance } = parts;
      const { pseudoWeight, pseudoFrom, consistencyWeight, consistencyRamp } = parts;
      const schedule: Schedule = {
        ...{ adversarialWeight, balanceWeight, pretrain, pretrainBalance },
        ...{ pseudoWeight, pseudoFrom, consistencyWeight, consistencyRamp },
      };
      const discriminatorOptimizer = await created(context, Optimizers, parts.discriminatorOptimizer);
      const generatorOptimizer = await created(context, Optimizers, parts.generatorOptimizer);
      const generator = await conditionalGenerator(parts, problem);
      const judge = await judgeOf(parts, problem);
      // of the m real pairs, so many are labelled rows; their weight is labeledShare all the same
      const known = labeledShare === 1 ? m : Math.max(1, Math.min(m - 1, Math.round(labeledShare * m)));

      return generatorLearner(generator, {
        settings: {
          ...{ alpha, form, estimate, labeledShare, labelAs, entropyWeight },
          ...schedule,
          discriminator: judge.plan,
        },
        ...(known < m && { draws: { real: "unlabeled" } }),
        numbers: (progress) => weightsAt(schedule, progress),
        players: [
          {
            name: "discriminator",
            networks: [judge.network],
            optimizer: discriminatorOptimizer,
            loss({ labeled, labels, unlabeled, real }, key) {
              const pseudo = known < m && { pseudo: firstRows(real!, m - known) };
              const batches: Batches = { unlabeled, ...pseudo };
              const logits = noisyLogits(problem, key.fold("C"), batches); // [·, K] each
              const { pairs, p } = classified(unlabeled, logits.unlabeled!, estimate);
              const scores = judge.scores(
                {
                  labeled: { x: firstRows(labeled, known), y: firstRows(labels, known) },
                  ...(pseudo && { pseudo: { x: pseudo.pseudo, y: likeliest(logits.pseudo!) } }),
                  classified: pairs,
                  generated: generator.pairs(m, key.fold("pg")),
                },
                key.fold("D"),
              );
              return discriminatorLoss(scores, p, { alpha, labeledShare });
            },
          },
          {
            name: "generator",
            networks: [generator.network],
            optimizer: generatorOptimizer,
            loss(_, key) {
              const { generated } = judge.scores({ generated: generator.pairs(m, key) }, key.fold("D"));
              return tf.mul(1 - alpha, tf.mean(price(generated, form))) as tf.Scalar;
            },
          },
        ],
        classifierLoss({ labeled, labels, unlabeled, ...weights }, key) {
          const generated = pseudoWeight > 0 ? generator.pairs(m, key.fold("generated")) : undefined;
          const batches: Batches = {
            ...{ labeled, unlabeled },
            ...(generated && { generated: generated.x }),
            ...(consistencyWeight > 0 && { again: unlabeled }), // each row of a pass draws noise of its own
          };
          const logits = noisyLogits(problem, key, batches); // [m, K] each
          const given = classified(unlabeled, logits.unlabeled!, estimate);
          const scores = judge.scores({ classified: given.pairs }, key.fold("D"));
          const adversarial = classifiedPrice(given, scores.classified, form);
          const terms: tf.Tensor[] = [
            crossEntropy(logits.labeled!, labels),
            tf.mul(tf.mul(alpha, weights.adversarial!), adversarial),
            tf.mul(entropyWeight, conditionalEntropy(logits.unlabeled!)),
            tf.mul(weights.balance!, imbalance(logits.unlabeled!)),
          ];
          if (generated !== undefined) {
            terms.push(tf.mul(weights.pseudo!, crossEntropy(logits.generated!, generated.y)));
          }
          if (logits.again !== undefined) {
            terms.push(tf.mul(weights.consistency!, disagreement(logits.unlabeled!, logits.again)));
          }
          return tf.addN(terms) as tf.Scalar;
        },
      });
    },
  };
}

/** How a scenario names it: `method: triple-gan`. */
export default component(SslMethods, {
  name: "triple-gan",
  summary:
    "Triple-GAN: a discriminator of pairs of row and label teaches classifier and conditional generator",
  reference: "Li et al., NIPS 2017, arXiv:1703.02291",
  options,
  create: async (given, context) => tripleGan(await context.build(given)),
});

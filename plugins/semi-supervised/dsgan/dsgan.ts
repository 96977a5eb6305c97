/**
 * DSGAN makes complement samples for a classifier to learn from (Secs. 4.1 and 5.1, Appendices C and D): in the
 * classifier's feature space f, pd are unlabelled rows and pdBar linear combinations of two rows (Eq. 8), so that pg comes
 * to lie between the classes, where data are rare.
 *
 * @module
 */
import {
  component,
  firstRows,
  generatedRows,
  identify,
  type Key,
  Optimizers,
  tf,
} from "../../../core/mod.ts";
import { eq4Loss } from "../eq4.ts";
import { generatorLearner, generatorPart } from "../generator.ts";
import { type SslMethod, SslMethods } from "../method.ts";
import { type Batches, noisyFeatures } from "../passes.ts";
import { completed, created } from "../recipe.ts";
import { type DsganOptions, options, recipesOf } from "./options.ts";

export type { DsganOptions };

/**
 * Critic and generator play Algorithm 1 with k = 1 in the feature space, the classifier minimises Eq. (4). Features are
 * those of training, noise and dropout included; the generator's gradient goes through the classifier.
 */
export function dsgan(given: DsganOptions): SslMethod {
  return {
    name: "dsgan",
    async start(problem) {
      const { setting, features, m, key, state, context } = problem;
      const parts = completed('ssl-method "dsgan"', setting.recipe, recipesOf(setting), given);
      const { alpha, beta, combine, every, entropyWeight, ganWeight, mixer, objective } = parts;
      mixer.check?.(alpha, m);
      const criticOptimizer = await created(context, Optimizers, parts.criticOptimizer);
      const generatorOptimizer = await created(context, Optimizers, parts.generatorOptimizer);
      const generator = await generatorPart(parts, problem);
      const output = objective.criticOutput === "score" ? [1] : features.shape;
      const critic = state.network(
        "critic",
        parts.critic,
        { input: features.shape, output },
        key.fold("critic"),
      );
      const score = (key: Key) => (y: tf.Tensor) => critic.apply(y, { training: true, key });

      return generatorLearner(generator, {
        settings: {
          ...{ alpha, beta, combine, every, entropyWeight, ganWeight },
          objective: identify(objective),
          mixer: identify(mixer),
          critic: identify(parts.critic),
        },
        draws: { x1: combine, x2: "unlabeled" },
        every,
        players: [
          {
            name: "critic",
            networks: [critic],
            optimizer: criticOptimizer,
            loss({ x1, x2, unlabeled }, key) {
              // Eq. (10), or Eq. (2): the mixture that the critic sees as fake
              const mixed = mixer.mix(
                alpha,
                m,
                generatedRows(generator.network, m, (n) => generator.rows(n, key.fold("pg"))),
                (n) => firstRows(unlabeled, n),
              );
              const named = Object.fromEntries(mixed.map(({ x }, i) => [`fake ${i}`, x]));
              const batches: Batches = { x1: x1!, x2: x2!, ...named };
              const f = noisyFeatures(problem, key, batches); // [m, ...features.shape] each
              const fake = mixed.map(({ weight }, i) => ({ weight, x: f[`fake ${i}`]! }));
              // Eq. (8): b·f(x1) + (1 − b)·f(x2), b ~ U(0, β) for each row
              const b = key.fold("b").uniform([m, ...features.shape.map(() => 1)], 0, beta); // [m, 1]
              const pdBar = tf.add(f.x2!, tf.mul(b, tf.sub(f.x1!, f.x2!)));
              return objective.criticLoss(score(key.fold("D")), pdBar, fake, key.fold("objective"));
            },
            ...(objective.constrain && {
              constrain: () => objective.constrain!([...critic.parameters.values()]),
            }),
          },
          {
            name: "generator",
            networks: [generator.network],
            optimizer: generatorOptimizer,
            loss(_, key) {
              const rows = generator.rows(m, key.fold("pg"));
              const { pg } = noisyFeatures(problem, key, { pg: rows });
              return objective.generatorLoss(score(key.fold("D")), pg);
            },
          },
        ],
        classifierLoss: eq4Loss(problem, generator, { ganWeight, entropyWeight }),
      });
    },
  };
}

/** How a scenario names it: `method: { use: dsgan, alpha: 0.8, beta: 0.3 }`. */
export default component(SslMethods, {
  name: "dsgan",
  summary: "DSGAN's complement samples in the feature space",
  reference: "DSGAN, Secs. 4.1 and 5.1, Appendices C and D",
  options,
  create: async (given, context) => dsgan(await context.build(given)),
});

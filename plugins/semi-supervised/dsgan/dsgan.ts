/**
 * DSGAN makes complement samples for a classifier to learn from (Secs. 4.1 and 5.1, Appendices C and D): in the
 * classifier's feature space f, pd are unlabelled rows and pdBar linear combinations of two rows (Eq. 8), so that pg comes
 * to lie between the classes, where data are rare.
 *
 * @module
 */
import {
  type Context,
  component,
  type GanObjective,
  type Json,
  type Key,
  type Mixer,
  Mixers,
  Networks,
  Objectives,
  Optimizers,
  originOf,
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
import { type SslMethod, SslMethods, type SslSetting } from "../method.ts";

/** Options of {@link dsgan}; what is left out is the recipe's. */
export interface DsganOptions extends GeneratorOptions {
  /** α of Eq. (1), in [0, 1). */
  readonly alpha?: number | undefined;
  /** Largest share of the first row of a combination, in (0, 1]. */
  readonly beta?: number | undefined;
  /** What the first row of a combination is drawn from; the second is unlabelled. */
  readonly combine?: "labeled" | "unlabeled" | undefined;
  /** Critic and generator step in each so-many-th iteration. */
  readonly every?: number | undefined;
  readonly objective: GanObjective;
  readonly mixer: Mixer;
  readonly critic: Ref;
  readonly criticOptimizer?: Ref | undefined;
}

interface Numbers {
  readonly alpha: number;
  readonly beta: number;
  readonly combine: "labeled" | "unlabeled";
  readonly every: number;
  readonly entropyWeight: number;
}

/** Table 3, Eq. (8), Eq. (4) and k = 1 of Appendix D.2, and what the authors' scripts have in their place. */
const recipes: Record<SslSetting["preset"], Record<SslSetting["recipe"], Numbers>> = {
  paper: {
    mnist: { alpha: 0.8, beta: 0.3, combine: "labeled", every: 1, entropyWeight: 0 },
    svhn: { alpha: 0.8, beta: 0.3, combine: "labeled", every: 1, entropyWeight: 0 },
    cifar10: { alpha: 0.5, beta: 0.1, combine: "labeled", every: 1, entropyWeight: 0 },
  },
  authors: {
    mnist: { alpha: 0.8, beta: 0.3, combine: "unlabeled", every: 1, entropyWeight: 0 },
    svhn: { alpha: 0.8, beta: 0.1, combine: "unlabeled", every: 10, entropyWeight: 0.3 },
    cifar10: { alpha: 0.5, beta: 0.1, combine: "unlabeled", every: 3, entropyWeight: 0.1 },
  },
};

/** Adam of the authors' scripts, critic and generator; the paper has no such numbers. */
const rates: Record<SslSetting["recipe"], Readonly<Record<"critic" | "generator", AdamRates>>> = {
  mnist: {
    critic: { learningRate: 3e-3, beta1: 0.5, beta2: 0.9 },
    generator: { learningRate: 3e-3, beta1: 0.5, beta2: 0.9 },
  },
  svhn: {
    critic: { learningRate: 4e-3, floor: 4e-4, beta1: 0.5, beta2: 0.9 },
    generator: { learningRate: 1e-3, floor: 1e-4, beta1: 0.5, beta2: 0.9 },
  },
  cifar10: {
    critic: { learningRate: 3e-4, beta1: 0.5, beta2: 0.9 },
    generator: { learningRate: 3e-4, beta1: 0.5, beta2: 0.9 },
  },
};

/**
 * Critic and generator play Algorithm 1 with k = 1 in the feature space, the classifier minimises Eq. (4). Features are
 * those of training, noise and dropout included; the generator's gradient goes through the classifier.
 */
export function dsgan(options: DsganOptions, context: Context): SslMethod {
  return {
    name: "dsgan",
    async start(problem) {
      const { setting, features, m, key, state } = problem;
      const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
      const numbers: Numbers = { ...recipes[setting.preset][setting.recipe], ...given };
      const { alpha, beta, combine, every, entropyWeight } = numbers;
      const { mixer, objective, ganWeight } = options;
      mixer.check?.(alpha, m);
      const adam = rates[setting.recipe];

      const generator = await generatorPart(options, problem, context);
      const criticPlan = await context.create(Networks, options.critic);
      const critic = state.network(
        "critic",
        criticPlan,
        {
          input: features.shape,
          output: objective.criticOutput === "score" ? [1] : features.shape,
        },
        key.fold("critic"),
      );
      /** Features as in training, `[n, width]`. */
      const f = (x: tf.Tensor, noise: Key): tf.Tensor => features.of(x, { training: true, key: noise });
      const score = (key: Key) => (y: tf.Tensor) => critic.apply(y, { training: true, key });

      const told = (part: { readonly name: string }): Json =>
        (originOf(part) as Json | undefined) ?? part.name;

      return {
        settings: {
          alpha,
          beta,
          combine,
          every,
          entropyWeight,
          ganWeight,
          objective: told(objective),
          mixer: told(mixer),
          critic: told(criticPlan),
          generator: generator.plan,
        },
        draws: { x1: combine, x2: "unlabeled" },
        every,
        players: [
          {
            name: "critic",
            networks: [critic],
            optimizer: await optimizerOf(context, options.criticOptimizer, adam.critic),
            loss({ x1, x2, unlabeled }, key) {
              // Eq. (10), or Eq. (2): the mixture that the critic sees as fake
              const fake = mixer.mix(
                alpha,
                m,
                (n) => f(generator.rows(n, key.fold("pg")), key.fold("f(pg)")),
                (n) => f(firstOf(unlabeled, n), key.fold("f(pd)")),
              );
              // Eq. (8): b·f(x1) + (1 − b)·f(x2), b ~ U(0, β) for each row
              const [f1, f2] = [f(x1!, key.fold("f(x1)")), f(x2!, key.fold("f(x2)"))]; // [m, width]
              const b = key.fold("b").uniform([m, ...features.shape.map(() => 1)], 0, beta); // [m, 1]
              const pdBar = tf.add(f2, tf.mul(b, tf.sub(f1, f2)));
              return objective.criticLoss(score(key.fold("D")), pdBar, fake, key.fold("objective"));
            },
            ...(objective.constrain && {
              constrain: () => objective.constrain!([...critic.parameters.values()]),
            }),
          },
          {
            name: "generator",
            networks: [generator.network],
            optimizer: await optimizerOf(context, options.generatorOptimizer, adam.generator),
            loss: (_, key) =>
              objective.generatorLoss(
                score(key.fold("D")),
                f(generator.rows(m, key.fold("pg")), key.fold("f(pg)")),
              ),
          },
        ],
        classifierLoss: eq4Loss(problem, generator, { ganWeight, entropyWeight }),
        generate: generator.generate,
        initialize: generator.initialize,
        dispose() {
          generator.network.dispose();
          critic.dispose();
        },
      };
    },
  };
}

/** The first n rows of `[m, ...]`. */
function firstOf(x: tf.Tensor, n: number): tf.Tensor {
  const m = x.shape[0]!;
  return n === m ? x : tf.split(x, [n, m - n])[0]!;
}

/** How a scenario names it: `method: { use: dsgan, alpha: 0.8, beta: 0.3 }`. */
const dsganComponent = component(SslMethods, {
  name: "dsgan",
  summary: "DSGAN's complement samples in the feature space",
  reference: "DSGAN, Secs. 4.1 and 5.1, Appendices C and D",
  options: (refs) =>
    z.strictObject({
      alpha: z.number().min(0).lt(1).optional().describe("α of Eq. (1); by default the recipe's (Table 3)."),
      beta: z
        .number()
        .positive()
        .max(1)
        .optional()
        .describe("Largest share of a combination's first row (Eq. 8); by default the recipe's."),
      combine: z
        .enum(["labeled", "unlabeled"])
        .optional()
        .describe(
          "What the first row of a combination is: labeled (the paper), or unlabeled (the authors' code).",
        ),
      every: z
        .int()
        .positive()
        .optional()
        .describe("Critic and generator step once in so many iterations; by default the recipe's."),
      objective: refs(Objectives)
        .prefault({ use: "wgan-gp", lambda: 10 })
        .describe("The game of critic and generator."),
      mixer: refs(Mixers)
        .prefault({ use: "sampling-trick" })
        .describe("With the sampling trick (Eq. 10), or without (weighted)."),
      critic: refs(Networks).prefault({ use: "feature-critic" }).describe("Architecture of D, on features."),
      criticOptimizer: refs(Optimizers).optional().describe("Of the critic; by default the recipe's Adam."),
      ...generatorShape(refs),
    }),
  create: async ({ objective, mixer, ...rest }, context) =>
    dsgan(
      {
        ...rest,
        objective: await context.create(Objectives, objective),
        mixer: await context.create(Mixers, mixer),
      },
      context,
    ),
});

export default dsganComponent;

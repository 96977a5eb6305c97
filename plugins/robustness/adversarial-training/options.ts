/**
 * The options of `adversarial-training`, and what a recipe fills in where they say nothing.
 *
 * @module
 */
import {
  Attacks,
  type Built,
  budgetOption,
  type Contract,
  Datasets,
  earlierRunShape,
  type FiniteDataset,
  ganShape,
  Networks,
  Optimizers,
  type Painter,
  type Ref,
  type Refs,
  z,
} from "../../../core/mod.ts";
import { READINGS, type Reading } from "./reading.ts";
import { ADAPTIVE_ATTACKS, criticOf, generatorOf, PAPER_ATTACKS, type Recipe, recipeOf } from "./recipes.ts";
import { KINDS, RIVALS } from "./variants.ts";

const count = z.int().positive();
const positive = z.number().positive();
const length = budgetOption({ positive: true });
const earlier = z.strictObject(earlierRunShape()).optional();

const budgets = z
  .strictObject({
    linf: z.array(budgetOption()).describe("In the largest change of a pixel."),
    l2: z.array(budgetOption()).default([]).describe("In Euclidean length."),
    l1: z.array(budgetOption()).default([]).describe("In the sum of all changes."),
    l0: z.array(z.int().min(0)).default([]).describe("In how many pixels change."),
  })
  .optional()
  .describe("Budgets in the units of the data; by default the recipe's.");

const written = (refs: Refs) => {
  const training = (what: string) => ({
    optimizer: refs(Optimizers).optional().describe(`Of ${what}; by default the recipe's.`),
    epochs: count.optional().describe("Passes over the training rows; by default the recipe's."),
    from: earlier.describe(`A run that has trained ${what} already.`),
  });
  return z.strictObject({
    recipe: z
      .enum(["cifar10", "mnist"])
      .default("cifar10")
      .describe(
        "Whose networks, rates, lengths and budgets apply where none are given; mnist suits Fashion-MNIST too.",
      ),
    reading: z
      .enum(["features", "pixels", "feature-noise", "ball"])
      .default("features")
      .describe(
        "How stage 2 is read where the paper leaves it open: a preset of `critic`, `noise` and `generates`.",
      ),
    critic: z
      .enum(["features", "pixels"])
      .optional()
      .describe("What the critic sees: the baseline's features of a row, or the row."),
    noise: z.enum(["pixels", "features"]).optional().describe("Where noise is added."),
    featureNoise: positive
      .optional()
      .describe(
        "Half the width of noise on features, in their own units and for every r, as the authors' code adds it; by default " +
          "as wide beside the features' spread as r is beside the pixels'.",
      ),
    generates: z
      .enum(["rows", "ball"])
      .optional()
      .describe("What the generator makes: rows, or what is added to rows of the data, within r of each."),
    data: refs(Datasets)
      .optional()
      .describe(
        "Labelled data with a test split; by default the recipe's in [0, 1]. Budgets and r are in its units.",
      ),
    images: count.optional().describe("Training rows, as many of each class; by default all."),
    r: z
      .array(length)
      .min(1)
      .optional()
      .describe("Half the widths of the noise; by default the recipe's (0.01, 0.03, 0.05 for CIFAR-10)."),
    w: z.array(positive).min(1).default([10]).describe("Weights of the entropy in Eq. (9)."),
    compare: z
      .array(z.enum(RIVALS))
      .default([...RIVALS])
      .describe(
        "What to compare it with: equal training without the term (continued), noisy inputs, the entropy term on noisy " +
          "rows (control), the method with noisy inputs (combined), training on attacked inputs (madry).",
      ),
    noisyFrom: z
      .enum(["baseline", "scratch"])
      .default("baseline")
      .describe(
        "Where training on noisy inputs starts: at stage 1's classifier, or anew for as long as that took.",
      ),
    madry: z
      .strictObject({
        attack: refs(Attacks)
          .prefault({ use: "pgd", steps: 7, relativeStep: 0.25, earlyStop: false })
          .describe("Its adversary: any attack within a budget."),
        epsilons: z
          .array(length)
          .optional()
          .describe("Budgets, one classifier for each; by default the widest r."),
      })
      .prefault({})
      .describe("Training on attacked inputs (Eq. 6)."),
    m: count.default(100).describe("Batch size of all classifiers."),
    clip: z
      .boolean()
      .default(false)
      .describe("Sets noisy values beyond the data's range to its ends; otherwise noise widens the range."),
    classifier: refs(Networks).optional().describe("Architecture of C; by default the recipe's (Table 7's)."),
    baseline: z
      .strictObject(training("the baseline"))
      .prefault({})
      .describe("Stage 1: cross-entropy on all labels."),
    gan: z
      .strictObject({
        ...ganShape(refs, {
          objective: { use: "wgan-gp" },
          mixer: { use: "sampling-trick" },
          latent: { size: 100, distribution: "uniform" },
          ...{ k: 5, m: 100 },
        }),
        alpha: z.number().min(0).lt(1).default(0.8).describe("Share α of pd in Eq. (1)."),
        generator: refs(Networks)
          .optional()
          .describe("Architecture of G; by default the recipe's (Table 5's)."),
        critic: refs(Networks).optional().describe("Architecture of D; by default what suits the reading."),
        optimizer: refs(Optimizers).optional().describe("Of the generator; by default the recipe's."),
        steps: count.optional().describe("Generator steps; by default the recipe's."),
        from: earlier.describe("A run that has trained the generators already."),
      })
      .prefault({})
      .describe("Stage 2: DSGAN, a generator for each r."),
    fineTuning: z
      .strictObject({
        ...training("classifiers by Eq. (9)"),
        kinds: z
          .array(z.enum(KINDS))
          .default([...KINDS])
          .describe(
            "What is taken from that run; ours and combined only where it reads stage 2 as this one does.",
          ),
        watch: z
          .strictObject({
            every: count
              .default(1)
              .describe("Epochs from one look to the next; the last epoch is looked at too."),
            images: count
              .default(500)
              .describe("Images held out, drawn by the seed; the same in every look."),
            epsilon: length.optional().describe("Budget of both attacks; by default the widest r."),
            attack: refs(Attacks)
              .prefault({ use: "fgsm" })
              .describe("An attack within a budget, whose gradient float32 may round."),
            unrounded: refs(Attacks)
              .prefault({ use: "fgsm", loss: "log-odds" })
              .describe("The same with a loss whose gradient no confidence rounds away."),
          })
          .optional()
          .describe("Looks at each classifier while it is trained; off unless given."),
      })
      .prefault({})
      .describe("Stage 3, for each r and w, and for all that it is compared with."),
    evaluation: z
      .strictObject({
        n: count.default(1000).describe("Test images attacked, drawn by the seed."),
        batch: count.default(100).describe("Images attacked together."),
        attacks: z
          .array(refs(Attacks))
          .min(1)
          .prefault([...PAPER_ATTACKS])
          .describe("The paper's adversaries (Sec. 5.2.1), one panel each."),
        epsilons: budgets,
        adaptiveAttacks: z
          .array(refs(Attacks))
          .min(1)
          .prefault([...ADAPTIVE_ATTACKS])
          .describe("Stronger ones, which know the defence, on the same images."),
        adaptiveEpsilons: budgets,
      })
      .prefault({})
      .describe("How the classifiers are attacked."),
  });
};

type Written = z.output<ReturnType<typeof written>>;

/** The schema of the options: what is written, and then what the recipe adds. */
export const options = (refs: Refs) => written(refs).transform((given) => filledIn(given, refs));

/** All that `adversarial-training` is made of. */
export type AdversarialTraining = Omit<Built<typeof options>, "data" | "images"> & {
  /** Rows to train with, and how many of them, as many of each class; all of them where there are no more. */
  readonly data: FiniteDataset;
  readonly images: number;
  /** Rows to attack, and for nothing else. */
  readonly test: FiniteDataset;
  /** Draws the pictures; without one there are none. */
  readonly painter: Painter | undefined;
};

/** Stage 2, whatever its r. */
export type Gan = Omit<AdversarialTraining["gan"], "from">;

/** Attacks, and budgets in each norm. */
export type AttackPlan = AdversarialTraining["evaluation"]["paper"];

/** Looks at classifiers in training. */
export type WatchPlan = NonNullable<AdversarialTraining["fineTuning"]["watch"]>;

/** A training of classifiers. */
export type ClassifierTraining = AdversarialTraining["baseline"];

/** What a scenario says, the recipe's choices where it says nothing, in the shape of the application's parts. */
function filledIn(
  { recipe: name, reading: preset, critic, noise, featureNoise, generates, ...given }: Written,
  refs: Refs,
) {
  const recipe: Recipe = recipeOf(name);
  const reading: Reading = {
    critic: critic ?? READINGS[preset].critic,
    noise: noise ?? READINGS[preset].noise,
    generates: generates ?? READINGS[preset].generates,
    ...(featureNoise !== undefined && { featureNoise }),
  };
  const or = <T>(contract: Contract<T>, ref: Ref<T> | undefined, usual: Ref): Ref<T> =>
    ref ?? refs(contract).parse(usual);
  const { madry, baseline, gan, fineTuning, evaluation, m, clip, noisyFrom, images } = given;
  const r = given.r ?? recipe.r;
  const widest = Math.max(...r);
  return {
    ...{ m, clip, noisyFrom, images },
    comparison: { r, w: given.w, compare: given.compare, madry: madry.epsilons ?? [widest] },
    data: or(Datasets, given.data, recipe.data),
    classifier: or(Networks, given.classifier, recipe.classifier),
    baseline: {
      optimizer: or(Optimizers, baseline.optimizer, recipe.classifierOptimizer),
      epochs: baseline.epochs ?? recipe.baselineEpochs,
      from: baseline.from,
    },
    gan: {
      ...gan,
      reading,
      generator: or(Networks, gan.generator, generatorOf(recipe, reading)),
      critic: or(Networks, gan.critic, criticOf(recipe, reading)),
      optimizer: or(Optimizers, gan.optimizer, recipe.optimizer),
      steps: gan.steps ?? recipe.steps,
    },
    fineTuning: {
      optimizer: or(Optimizers, fineTuning.optimizer, recipe.fineTuningOptimizer),
      epochs: fineTuning.epochs ?? recipe.fineTuningEpochs,
      ...{ from: fineTuning.from, kinds: fineTuning.kinds },
      watch: fineTuning.watch && { ...fineTuning.watch, epsilon: fineTuning.watch.epsilon ?? widest },
    },
    adversary: madry.attack,
    evaluation: {
      ...{ n: evaluation.n, batch: evaluation.batch },
      paper: { attacks: evaluation.attacks, epsilons: evaluation.epsilons ?? recipe.epsilons.paper },
      adaptive: {
        attacks: evaluation.adaptiveAttacks,
        epsilons: evaluation.adaptiveEpsilons ?? recipe.epsilons.adaptive,
      },
    },
  };
}

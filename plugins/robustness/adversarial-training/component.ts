/**
 * What a scenario says of `adversarial-training`: its options, and how they become its parts.
 *
 * @module
 */
import {
  Applications,
  type Attack,
  Attacks,
  type Context,
  type Contract,
  component,
  Datasets,
  earlierRunShape,
  type FiniteDataset,
  InputError,
  isFiniteDataset,
  Mixers,
  Networks,
  Objectives,
  Optimizers,
  painterOf,
  type Ref,
  refsOf,
  z,
} from "../../../core/mod.ts";
import { adversarialTraining, type Course } from "./adversarial-training.ts";
import type { BudgetAttack } from "./classifying.ts";
import { KINDS, RIVALS } from "./contestants.ts";
import { READINGS, type Reading } from "./game.ts";
import { ADAPTIVE_ATTACKS, criticOf, generatorOf, PAPER_ATTACKS, recipeOf } from "./recipes.ts";

const count = z.int().positive();
const positive = z.number().positive();
const budgets = z
  .strictObject({
    linf: z.array(z.number().min(0)).describe("In the largest change of a pixel."),
    l2: z.array(z.number().min(0)).default([]).describe("In Euclidean length."),
  })
  .optional()
  .describe("Budgets in the units of the data; by default the recipe's.");

/** How a scenario names it: `application: { use: adversarial-training, recipe: mnist, w: [1, 10] }`. */
const adversarialTrainingComponent = component(Applications, {
  name: "adversarial-training",
  summary: "Adversarial training with generated samples around the data, in three stages, and its evaluation",
  reference: "DSGAN, Secs. 4.2 and 5.2, Figs. 7, 9, 10, Appendix E",
  options: (refs) => {
    const course = (what: string) => ({
      optimizer: refs(Optimizers).optional().describe(`Of ${what}; by default the recipe's.`),
      epochs: count.optional().describe("Passes over the training rows; by default the recipe's."),
      from: z.strictObject(earlierRunShape()).optional().describe(`A run that has trained ${what} already.`),
    });
    return z.strictObject({
      recipe: z
        .enum(["cifar10", "mnist"])
        .default("cifar10")
        .describe("Whose networks, rates, lengths and budgets apply where none are given."),
      reading: z
        .enum(["features", "pixels", "feature-noise", "ball"])
        .default("features")
        .describe("How stage 2 is read where the paper leaves it open: a preset of the three options below."),
      critic: z
        .enum(["features", "pixels"])
        .optional()
        .describe("What the critic sees: the baseline's features of a row, or the row."),
      noise: z
        .enum(["pixels", "features"])
        .optional()
        .describe("Where noise is added; to features, as wide beside their spread as r beside the pixels'."),
      generates: z
        .enum(["rows", "ball"])
        .optional()
        .describe("What the generator makes: rows, or what is added to rows of the data, within r of each."),
      data: refs(Datasets)
        .optional()
        .describe(
          "Labelled data with a test split, by default the recipe's in [0, 1]; budgets and r are in its units.",
        ),
      images: count.optional().describe("Training rows, as many of each class; all unless given."),
      r: z
        .array(positive)
        .min(1)
        .optional()
        .describe("Half the widths of the noise; by default the recipe's."),
      w: z.array(positive).min(1).default([10]).describe("Weights of the entropy in Eq. (9)."),
      compare: z
        .array(z.enum(RIVALS))
        .default([...RIVALS])
        .describe(
          "What to hold it against: equal training without (continued), noisy inputs, the entropy term on noisy rows " +
            "(control), the method with noisy inputs (combined), training on attacked inputs (madry).",
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
            .array(positive)
            .optional()
            .describe("Budgets, a classifier each; by default the widest r."),
        })
        .prefault({})
        .describe("Training on attacked inputs (Eq. 6)."),
      m: count.default(100).describe("Batch size of all classifiers."),
      clip: z
        .boolean()
        .default(false)
        .describe("Sets noisy values beyond the data's range to its ends; else noise widens the range."),
      classifier: refs(Networks).optional().describe("Architecture of C; by default the recipe's."),
      baseline: z
        .strictObject(course("the baseline"))
        .prefault({})
        .describe("Stage 1: cross-entropy on all labels."),
      gan: z
        .strictObject({
          alpha: z.number().min(0).lt(1).default(0.8).describe("α of Eq. (1)."),
          objective: refs(Objectives).prefault({ use: "wgan-gp" }).describe("The game."),
          mixer: refs(Mixers).prefault({ use: "sampling-trick" }).describe("How the fake batch is mixed."),
          generator: refs(Networks).optional().describe("Architecture of G; by default the recipe's."),
          critic: refs(Networks).optional().describe("Architecture of D; by default what suits the reading."),
          latent: z
            .strictObject({
              size: count.default(100).describe("Width of z; of no meaning where G makes a ball."),
              distribution: z.enum(["normal", "uniform"]).default("uniform").describe("N(0, 1) or U(0, 1)."),
            })
            .prefault({})
            .describe("The prior p_z."),
          optimizer: refs(Optimizers).optional().describe("Of both; by default the recipe's."),
          criticOptimizer: refs(Optimizers).optional().describe("Of the critic, where it differs."),
          k: count.default(5).describe("Critic steps for each generator step (App. E)."),
          m: count.default(100).describe("Batch size."),
          steps: count.optional().describe("Generator steps; by default the recipe's."),
          from: z
            .strictObject(earlierRunShape())
            .optional()
            .describe("A run that has the generators already."),
        })
        .prefault({})
        .describe("Stage 2: DSGAN, a generator for each r."),
      fineTuning: z
        .strictObject({
          ...course("classifiers by Eq. (9)"),
          kinds: z
            .array(z.enum(KINDS))
            .default([...KINDS])
            .describe(
              "What is taken from that run; ours and combined only where it reads stage 2 as this one does.",
            ),
        })
        .prefault({})
        .describe("Stage 3, for each r and w; and all that it is held against."),
      evaluation: z
        .strictObject({
          n: count.default(1000).describe("Test images attacked, drawn by the seed."),
          batch: count.default(100).describe("Images attacked together."),
          attacks: z
            .array(refs(Attacks))
            .min(1)
            .prefault([...PAPER_ATTACKS])
            .describe("The paper's adversaries (Sec. 5.2.1), a panel each."),
          epsilons: budgets,
          adaptiveAttacks: z
            .array(refs(Attacks))
            .min(1)
            .prefault([...ADAPTIVE_ATTACKS])
            .describe("Stronger ones, which know the defence, on the same images."),
          adaptiveEpsilons: budgets,
        })
        .prefault({})
        .describe("What the classifiers are put to."),
    });
  },
  async create({ recipe: named, reading: preset, madry, gan, evaluation, ...options }, context) {
    const recipe = recipeOf(named);
    const make = async <T>(of: Contract<T>, given: Ref | undefined, usual: Ref): Promise<T> =>
      await context.create(of, given ?? refsOf(context.registry)(of).parse(usual));
    const reading: Reading = {
      critic: options.critic ?? READINGS[preset].critic,
      noise: options.noise ?? READINGS[preset].noise,
      generates: options.generates ?? READINGS[preset].generates,
    };
    const { data, test } = await splitsOf(
      context,
      options.data ?? refsOf(context.registry)(Datasets).parse(recipe.data),
    );
    const course = async (
      { optimizer, epochs, from }: typeof options.baseline,
      usual: { optimizer: Ref; epochs: number },
    ): Promise<Course> => ({
      optimizer: await make(Optimizers, optimizer, usual.optimizer),
      epochs: epochs ?? usual.epochs,
      from,
    });
    const optimizer = await make(Optimizers, gan.optimizer, recipe.optimizer);
    const attacksOf = (refs: readonly Ref[]): Promise<Attack[]> =>
      Promise.all(refs.map((ref) => context.create(Attacks, ref)));
    const ranges = options.r ?? recipe.r;
    return adversarialTraining({
      field: {
        r: ranges,
        w: options.w,
        compare: options.compare,
        madry: madry.epsilons ?? [Math.max(...ranges)],
      },
      ...{ data, test, images: options.images ?? data.size, m: options.m, clips: options.clip },
      classifier: await make(Networks, options.classifier, recipe.classifier),
      baseline: await course(options.baseline, {
        optimizer: recipe.classifierOptimizer,
        epochs: recipe.baselineEpochs,
      }),
      game: {
        ...gan,
        reading,
        objective: await context.create(Objectives, gan.objective),
        mixer: await context.create(Mixers, gan.mixer),
        generator: await make(Networks, gan.generator, generatorOf(recipe, reading)),
        critic: await make(Networks, gan.critic, criticOf(recipe, reading)),
        optimizer,
        criticOptimizer: gan.criticOptimizer
          ? await context.create(Optimizers, gan.criticOptimizer)
          : optimizer,
        steps: gan.steps ?? recipe.steps,
      },
      fineTuning: {
        ...(await course(options.fineTuning, {
          optimizer: recipe.fineTuningOptimizer,
          epochs: recipe.fineTuningEpochs,
        })),
        kinds: options.fineTuning.kinds,
      },
      noisyFrom: options.noisyFrom,
      adversary: budgetAttack(await context.create(Attacks, madry.attack)),
      evaluation: {
        n: evaluation.n,
        batch: evaluation.batch,
        paper: {
          attacks: await attacksOf(evaluation.attacks),
          epsilons: evaluation.epsilons ?? recipe.epsilons.paper,
        },
        adaptive: {
          attacks: await attacksOf(evaluation.adaptiveAttacks),
          epsilons: evaluation.adaptiveEpsilons ?? recipe.epsilons.adaptive,
        },
      },
      painter: await painterOf(context),
    });
  },
});

const keepsToBudget = (attack: Attack): attack is BudgetAttack => attack.kind === "within-budget";

/** @throws InputError for an attack that seeks the least distance */
function budgetAttack(attack: Attack): BudgetAttack {
  if (keepsToBudget(attack)) return attack;
  throw new InputError(`madry: attack "${attack.name}" takes no budget: name one that does, such as pgd`);
}

/** @throws InputError where the data has no labelled rows of its own to train and to judge with */
async function splitsOf(context: Context, ref: Ref): Promise<{ data: FiniteDataset; test: FiniteDataset }> {
  const data = await context.create(Datasets, ref);
  if (!isFiniteDataset(data) || data.labels === undefined || data.heldOut === undefined) {
    throw new InputError(
      `dataset "${data.name}" has no labelled test split: take one that has, such as mnist, idx, svhn or cifar10`,
    );
  }
  if (data.range === undefined) {
    throw new InputError(`dataset "${data.name}" has no range, which attacks must keep to: give it one`);
  }
  return { data, test: await data.heldOut() };
}

export default adversarialTrainingComponent;

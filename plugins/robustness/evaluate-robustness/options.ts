/**
 * What an evaluation is made of.
 *
 * @module
 */
import {
  type Attack,
  Attacks,
  type Built,
  budgetOption,
  type ClassifierSource,
  ClassifierSources,
  Datasets,
  type FiniteDataset,
  fileName,
  type Painter,
  type Refs,
  z,
} from "../../../core/mod.ts";
import { type RobustnessMeasure, RobustnessMeasures } from "../measure.ts";

const budgets = (unit: string) =>
  z.array(budgetOption()).default([]).describe(`Budgets in ${unit}, in units of the data.`);

/** Options but for the components. */
export const settings = z.strictObject({
  classes: z
    .int()
    .min(2)
    .optional()
    .describe("Number of classes, where the data lacks the last ones; one more than its largest label."),
  n: z.int().positive().default(1000).describe("Images taken from the data, drawn by the seed."),
  epsilons: z
    .strictObject({
      linf: budgets("the largest change of a pixel"),
      l2: budgets("Euclidean length"),
      l1: budgets("the sum of all changes"),
      l0: z.array(z.int().min(0)).default([]).describe("Budgets in how many pixels change."),
    })
    .prefault({})
    .describe("Budgets in the norm of each attack; bounds on the perturbation, not step sizes."),
  mode: z
    .enum(["fixed", "minimal"])
    .default("fixed")
    .describe(
      "Attacks within budgets run anew at each (`fixed`), or look for each image's least (`minimal`).",
    ),
  search: z
    .strictObject({
      by: z
        .enum(["bisection", "scan"])
        .default("bisection")
        .describe(
          "`bisection`: grow the budget by half until the attack succeeds, then halve the bracket; `scan`: try budgets in " +
            "rising order up to the largest.",
        ),
      steps: z.int().positive().default(20).describe("Halvings, or budgets tried."),
    })
    .prefault({})
    .describe("How the least budget is looked for, in mode `minimal`."),
  goal: z
    .union([z.enum(["untargeted", "least-likely", "random"]), z.int().min(0)])
    .default("untargeted")
    .describe(
      "What images are to be taken for: any wrong class, the least likely, a random one, or a class.",
    ),
  batch: z
    .int()
    .positive()
    .default(100)
    .describe("Images attacked together, at most; fewer where a classifier's memory asks for it."),
  show: z.int().min(0).default(8).describe("Images on each sheet of clean, adversarial and difference."),
  keep: z
    .enum(["all", "largest", "none"])
    .default("largest")
    .describe("Examples kept, as `.npy` and on sheets: of every budget, of the largest, none."),
  transfer: z
    .boolean()
    .default(false)
    .describe("Judges the examples that were found for each classifier on all others as well."),
  probes: z
    .boolean()
    .default(true)
    .describe("Looks for zero and rounded gradients, and for steps that do not help."),
});

/** All options, as a scenario writes them. */
export const options = (refs: Refs) =>
  z.strictObject({
    classifiers: z
      .record(fileName(), refs(ClassifierSources))
      .refine((all) => Object.keys(all).length > 0, { error: "name at least one classifier" })
      .refine(
        (all) => new Set(Object.keys(all).map((name) => name.toLowerCase())).size === Object.keys(all).length,
        {
          error: "two names differ only in capitals: some systems take their files for the same",
        },
      )
      .describe("What to attack, each by a name: a line in the pictures."),
    data: refs(Datasets).describe("Labelled images; those held back for testing where the data has some."),
    attacks: z.array(refs(Attacks)).default([]).describe("A panel each in the pictures."),
    measures: z
      .array(refs(RobustnessMeasures))
      .default([])
      .describe("What else is measured of each classifier: corruptions, certificates."),
    ...settings.shape,
  });

/** The components of an evaluation. */
interface Components {
  readonly classifiers: Readonly<Record<string, ClassifierSource>>;
  readonly data: FiniteDataset;
  readonly attacks: readonly Attack[];
}

/** What is measured beside the attacks. */
type Measuring = { readonly measures: readonly RobustnessMeasure[] };

/** Options of `evaluateRobustness`. */
export interface EvaluateRobustnessOptions
  extends Components,
    Partial<Measuring>,
    Built<z.input<typeof settings>> {
  /** Draws the pictures; without one there are none. */
  readonly painter?: Painter | undefined;
}

/** An evaluation, its options checked and filled in. */
export interface EvaluateRobustness extends Components, Measuring, Built<typeof settings> {
  readonly classes: number;
  readonly painter: Painter | undefined;
}

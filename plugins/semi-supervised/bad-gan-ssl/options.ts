/**
 * The options of `bad-gan-ssl`.
 *
 * @module
 */
import {
  type Built,
  Datasets,
  Networks,
  Optimizers,
  type Painter,
  type Refs,
  type Splits,
  z,
} from "../../../core/mod.ts";
import { type SslMethod, SslMethods } from "../method.ts";

const count = z.int().positive();

/** The schema of {@link BadGanSslOptions}. */
export const options = (refs: Refs) =>
  z.strictObject({
    recipe: z
      .string()
      .default("mnist")
      .describe(
        "Whose numbers apply where none are given: mnist, svhn or cifar10. Under any other name, give those that a recipe " +
          "would give.",
      ),
    preset: z
      .enum(["paper", "authors"])
      .default("authors")
      .describe("Which numbers to take where the paper and its authors' code differ."),
    data: refs(Datasets)
      .optional()
      .describe(
        "Labelled rows with a test split; by default the recipe's: MNIST in [0, 1], the others in [−1, 1].",
      ),
    method: refs(SslMethods)
      .prefault({ use: "dsgan" })
      .describe("How the classifier learns from unlabelled rows."),
    against: refs(SslMethods)
      .optional()
      .describe("Another method to train on the same classifier, labels and budget, for comparison."),
    classifier: refs(Networks)
      .optional()
      .describe("Architecture of C, which must have a feature space; by default the recipe's."),
    classifierOptimizer: refs(Optimizers).optional().describe("Optimiser of C; by default the recipe's."),
    labeled: count
      .optional()
      .describe(
        "Labelled rows in all, as many of each class, drawn by the seed; by default the recipe's: 100 on MNIST, 1000 on " +
          "SVHN, 4000 on CIFAR-10.",
      ),
    unlabeled: z
      .enum(["rest", "all"])
      .optional()
      .describe(
        "Whether labelled rows are among the unlabelled ones too (all) or not (rest); by default the recipe's.",
      ),
    validation: z
      .int()
      .min(0)
      .default(1000)
      .describe("Training rows held back to choose an epoch by: no method sees them."),
    initialize: z
      .strictObject({
        from: z.enum(["labeled", "unlabeled"]).optional().describe("Which rows; by default the recipe's."),
        rows: count.default(500).describe("How many, if there are so many."),
      })
      .prefault({})
      .describe("Rows of the classifier's data-dependent initialisation (weight norm)."),
    m: count.default(100).describe("Batch size."),
    epochs: count
      .optional()
      .describe("Length of the training; by default the recipe's, which is the full schedule."),
    iterations: count.optional().describe("Iterations an epoch; by default the recipe's."),
    evaluateEvery: count.default(1).describe("Epochs between evaluations."),
    averaging: z
      .number()
      .min(0)
      .lt(1)
      .default(0.9999)
      .describe("Decay of the running means of the classifier's weights, which are evaluated too."),
    samples: count.default(1000).describe("Rows of each kind for shares and pictures."),
  });

/** Options of `bad-gan-ssl`, with the components that they refer to. */
export type BadGanSslOptions = Built<typeof options>;

type Complete = { readonly [K in keyof BadGanSslOptions]-?: Exclude<BadGanSslOptions[K], undefined> };

/** What `badGanSsl` is made of: the options, nothing left out that a recipe would give, and rows to test with. */
export interface BadGanSslParts extends Omit<Complete, "against" | "data" | "initialize">, Splits {
  readonly against?: SslMethod | undefined;
  readonly initialize: { readonly from: "labeled" | "unlabeled"; readonly rows: number };
  /** Errors in percent to draw beside one's own, by name. */
  readonly published?: Readonly<Record<string, number>>;
  /** Draws the pictures; absent: there are none. */
  readonly painter?: Painter | undefined;
}

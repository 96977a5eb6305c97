/**
 * What the application is made of.
 *
 * @module
 */
import {
  type Built,
  Datasets,
  type FiniteDataset,
  ganShape,
  Networks,
  Optimizers,
  type Refs,
  z,
} from "dsgan";

const count = z.int().positive();
const labels = z.array(z.int().min(0).max(255)).min(1);

export const options = (refs: Refs) =>
  z.strictObject({
    data: refs(Datasets).describe(
      "Labelled rows with a test split. The labels make the problem, and judge it.",
    ),
    positive: labels.describe("Classes that are positive; all others are negative."),
    prior: z
      .number()
      .gt(0)
      .lt(1)
      .describe("Share of positives among the unlabelled rows, which is taken to be known: α of Eq. (1)."),
    labelled: count.default(500).describe("Positive rows that are known to be."),
    unlabelled: count.default(2000).describe("Rows of which nothing is known."),
    generator: refs(Networks).prefault({ use: "mlp" }).describe("Architecture of G."),
    critic: refs(Networks).prefault({ use: "mlp" }).describe("Architecture of D."),
    optimizer: refs(Optimizers).prefault({ use: "adam", learningRate: 0.001 }).describe("Of the generator."),
    ...ganShape(refs, {
      objective: { use: "wgan-gp" },
      mixer: { use: "sampling-trick" },
      latent: { size: 32, distribution: "normal" },
      ...{ k: 3, m: 64 },
    }),
    steps: count.default(600).describe("Generator steps."),
    classifier: refs(Networks)
      .prefault({ use: "mlp", hidden: [64] })
      .describe("Architecture of the classifier."),
    classifierOptimizer: refs(Optimizers)
      .prefault({ use: "adam", learningRate: 0.001 })
      .describe("Of the classifier."),
    classifierSteps: count.default(400).describe("Steps of the classifier."),
    compare: z
      .array(z.enum(["naive", "nnpu", "oracle"]))
      .default(["naive", "nnpu", "oracle"])
      .describe(
        "Classifiers to compare with: naive, unlabelled rows as negatives; nnpu, the non-negative risk of Kiryo et al.; " +
          "oracle, negatives that a PU learner does not have.",
      ),
  });

/** All that the application is made of. */
export type PuLearning = Omit<Built<typeof options>, "data"> & {
  readonly data: FiniteDataset;
  readonly test: FiniteDataset;
};

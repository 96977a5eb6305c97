/**
 * The options of `triple-gan`, and the numbers of its recipes: those of the authors' code, github.com/zhenxuan00/triple-gan.
 *
 * @module
 */
import { type Built, Networks, Optimizers, type Refs, z } from "../../../core/mod.ts";
import { generatorOptions, usualGenerators } from "../generator.ts";
import type { SslSetting } from "../method.ts";
import { scheduledAdam } from "../rates.ts";
import type { Recipe } from "../recipe.ts";

const weight = z.number().min(0);
const share = z.number().min(0).max(1);

/** The schema of {@link TripleGanOptions}. */
export const options = (refs: Refs) => {
  const { ganWeight: _, ...generator } = generatorOptions(refs); // there is no class K + 1
  return z.strictObject({
    alpha: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.5)
      .describe("α, the classifier's share of the pairs that D takes for false; the generator's is 1 − α."),
    form: z
      .enum(["saturating", "non-saturating"])
      .optional()
      .describe(
        "What generator and classifier minimise: log(1 − D), by default of the preset paper, or −log D, of authors.",
      ),
    estimate: z
      .enum(["likeliest", "exact"])
      .default("likeliest")
      .describe(
        "How the expectation over the classifier's labels of a row is taken: at its likeliest label, as in paper and " +
          "code, or over all K, which takes K passes of D.",
      ),
    labeledShare: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe(
        "Share of labelled rows among the pairs that D takes for real; the others are unlabelled rows with the " +
          "classifier's labels. By default the recipe's: 1/401 on MNIST, 0.1 on SVHN, 0.2 on CIFAR-10.",
      ),
    adversarialWeight: weight
      .optional()
      .describe("Weight of α·E p·log(1 − D) for the classifier; by default the recipe's: 1, on images 0.01."),
    entropyWeight: weight
      .optional()
      .describe(
        "Weight of the conditional entropy of unlabelled rows for the classifier; by default the recipe's: 0.3, on " +
          "CIFAR-10 0.",
      ),
    balanceWeight: weight
      .optional()
      .describe(
        "Weight of how unevenly the classifier uses the classes; by default the recipe's: 0.001, on CIFAR-10 0.",
      ),
    pretrain: share
      .optional()
      .describe(
        "Share of the training in which the classifier learns without D; by default the recipe's: 0.006 on MNIST, " +
          "else 0.",
      ),
    pretrainBalance: weight.default(0.3).describe("The weight of balance meanwhile."),
    pseudoWeight: weight
      .optional()
      .describe(
        "α_P, weight of the cross-entropy of generated rows for the classifier; by default the recipe's: 0.1, on SVHN " +
          "0.03.",
      ),
    pseudoFrom: share
      .optional()
      .describe(
        "Share of the training after which that term comes in; by default the recipe's: 0.3 on MNIST, else 0.2.",
      ),
    consistencyWeight: weight
      .optional()
      .describe(
        "Weight of the squared difference of two noisy predictions of an unlabelled row; by default the recipe's: 0, on " +
          "CIFAR-10 100.",
      ),
    consistencyRamp: share
      .default(0.08)
      .describe("Share of the training over which that weight rises, as exp(−5·(1 − t)²)."),
    ...generator,
    labelAs: z
      .enum(["values", "channels"])
      .optional()
      .describe(
        "How D gets the label: as values behind the row, flattened, or as channels of the image, each all 0 or all 1; by " +
          "default the recipe's, values on MNIST.",
      ),
    discriminator: refs(Networks)
      .optional()
      .describe("Architecture of D; by default the recipe's, the code's or, on images, one alike."),
    discriminatorOptimizer: refs(Optimizers)
      .optional()
      .describe("Optimiser of D; by default the recipe's Adam, whose rate falls over the last third."),
  });
};

/** Options of `triple-gan`. */
export type TripleGanOptions = Built<typeof options>;

type Row = Recipe<
  TripleGanOptions,
  | "form"
  | "labeledShare"
  | "adversarialWeight"
  | "entropyWeight"
  | "balanceWeight"
  | "pretrain"
  | "pseudoWeight"
  | "pseudoFrom"
  | "consistencyWeight"
  | "generator"
  | "generatorOptimizer"
  | "labelAs"
  | "discriminator"
  | "discriminatorOptimizer"
>;

const rates = (learningRate: number) => {
  const adam = scheduledAdam({ learningRate, beta1: 0.5, beta2: 0.999 });
  return { generatorOptimizer: adam, discriminatorOptimizer: adam };
};

const images = {
  labelAs: "channels",
  discriminator: { use: "image-classifier", filters: 32, dropout: 0.2 },
  ...rates(3e-4),
} as const;

/** What there is for a preset and a number of classes. Epochs of the code are shares of its 1000 here. */
export function recipesOf(
  { preset }: Pick<SslSetting, "preset">,
  classes: number,
): Readonly<Record<string, Row>> {
  const form = preset === "paper" ? "saturating" : "non-saturating";
  return {
    mnist: {
      form,
      labeledShare: 1 / 401, // 1 row beside 400
      adversarialWeight: 1,
      entropyWeight: 0.3,
      balanceWeight: 1e-3,
      pretrain: 0.006, // 30 epochs of 120 iterations, before 1000 of 600
      pseudoWeight: 0.1,
      pseudoFrom: 0.3,
      consistencyWeight: 0,
      generator: usualGenerators.mnist,
      labelAs: "values",
      discriminator: { use: "triple-gan-discriminator", classes },
      ...rates(1e-3),
    },
    svhn: {
      form,
      labeledShare: 0.1,
      adversarialWeight: 0.01,
      entropyWeight: 0.3,
      balanceWeight: 1e-3,
      pretrain: 0,
      pseudoWeight: 0.03,
      pseudoFrom: 0.2,
      consistencyWeight: 0,
      generator: usualGenerators.svhn,
      ...images,
    },
    cifar10: {
      form,
      labeledShare: 0.2,
      adversarialWeight: 0.01,
      entropyWeight: 0,
      balanceWeight: 0,
      pretrain: 0,
      pseudoWeight: 0.1,
      pseudoFrom: 0.2,
      consistencyWeight: 100,
      generator: usualGenerators.cifar10,
      ...images,
    },
  };
}

/**
 * DSGAN's options for semi-supervised learning, and what they are by default: the paper's numbers (Table 3, Eqs. 4 and 8,
 * k = 1 of Appendix D.2), or those of the authors' scripts.
 *
 * @module
 */
import { type Built, Mixers, Networks, Objectives, Optimizers, type Refs, z } from "../../../core/mod.ts";
import { generatorOptions, usualGenerators } from "../generator.ts";
import type { SslSetting } from "../method.ts";
import { scheduledAdam } from "../rates.ts";
import type { Recipe } from "../recipe.ts";

/** The schema of {@link DsganOptions}. */
export const options = (refs: Refs) =>
  z.strictObject({
    alpha: z
      .number()
      .min(0)
      .lt(1)
      .optional()
      .describe("α of Eq. (1); by default the recipe's (Table 3): 0.8, on CIFAR-10 0.5."),
    beta: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe("β of Eq. (8), the largest share of a combination's first row; by default the recipe's."),
    combine: z
      .enum(["labeled", "unlabeled"])
      .optional()
      .describe(
        "Rows that x₁, the first row of a combination (Eq. 8), is drawn from; by default the preset's: labeled " +
          "(paper) or unlabeled (authors).",
      ),
    every: z
      .int()
      .positive()
      .optional()
      .describe(
        "Critic and generator step once in so many iterations; by default the recipe's. On a short schedule take 1, or " +
          "the generator learns nothing (`generatedBelow` stays 1).",
      ),
    objective: refs(Objectives)
      .prefault({ use: "wgan-gp", lambda: 10 })
      .describe("The game of critic and generator."),
    mixer: refs(Mixers)
      .prefault({ use: "sampling-trick" })
      .describe(
        "How the critic's fake batch is mixed: sampling-trick (Eq. 10), or weighted (Table 2's other row).",
      ),
    critic: refs(Networks).prefault({ use: "feature-critic" }).describe("Architecture of D, on features."),
    criticOptimizer: refs(Optimizers).optional().describe("Optimiser of D; by default the recipe's Adam."),
    ...generatorOptions(refs),
    entropyWeight: z
      .number()
      .min(0)
      .optional()
      .describe(
        "Weight of the conditional entropy of unlabelled rows in the classifier's loss; by default the recipe's.",
      ),
  });

/** Options of `dsgan`. */
export type DsganOptions = Built<typeof options>;

type Numbers = Recipe<DsganOptions, "alpha" | "beta" | "combine" | "every" | "entropyWeight">;
type Parts = Recipe<DsganOptions, "generator" | "generatorOptimizer" | "criticOptimizer">;

const numbers: Record<SslSetting["preset"], Record<"mnist" | "svhn" | "cifar10", Numbers>> = {
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

const betas = { beta1: 0.5, beta2: 0.9 };

/** The optimisers are those of the authors' scripts in both presets: the paper has no such numbers. */
const parts: Record<"mnist" | "svhn" | "cifar10", Parts> = {
  mnist: {
    generator: usualGenerators.mnist,
    generatorOptimizer: scheduledAdam({ learningRate: 3e-3, ...betas }),
    criticOptimizer: scheduledAdam({ learningRate: 3e-3, ...betas }),
  },
  svhn: {
    generator: usualGenerators.svhn,
    generatorOptimizer: scheduledAdam({ learningRate: 1e-3, floor: 1e-4, ...betas }),
    criticOptimizer: scheduledAdam({ learningRate: 4e-3, floor: 4e-4, ...betas }),
  },
  cifar10: {
    generator: usualGenerators.cifar10,
    generatorOptimizer: scheduledAdam({ learningRate: 3e-4, ...betas }),
    criticOptimizer: scheduledAdam({ learningRate: 3e-4, ...betas }),
  },
};

/** What there is for a preset, by the recipe's name. */
export function recipesOf({ preset }: SslSetting): Readonly<Record<string, Numbers & Parts>> {
  const { mnist, svhn, cifar10 } = numbers[preset];
  return {
    mnist: { ...mnist, ...parts.mnist },
    svhn: { ...svhn, ...parts.svhn },
    cifar10: { ...cifar10, ...parts.cifar10 },
  };
}

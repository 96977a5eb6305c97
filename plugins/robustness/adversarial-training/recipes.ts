/**
 * Networks, rates, lengths and budgets where a scenario gives none: the paper's for CIFAR-10 (Sec. 5.2, App. E, Tables 5
 * and 7), and smaller ones of the same make for images of 28 × 28, where the paper has none.
 *
 * @module
 */
import type { Norm, Ref } from "../../../core/mod.ts";
import type { Reading } from "./reading.ts";

/** What a data set asks for. */
export interface Recipe {
  readonly data: Ref;
  readonly classifier: Ref;
  readonly classifierOptimizer: Ref;
  /** Passes over the data in stage 1, which the paper does not tell. */
  readonly baselineEpochs: number;
  readonly fineTuningOptimizer: Ref;
  /** Passes over the data in stage 3. */
  readonly fineTuningEpochs: number;
  readonly generator: Ref;
  /** That makes what is added to rows, in the reading `ball`. */
  readonly ballGenerator: Ref;
  readonly pixelCritic: Ref;
  readonly optimizer: Ref;
  /** Generator steps of stage 2. */
  readonly steps: number;
  /** Half the widths of the noise. */
  readonly r: readonly number[];
  /** Budgets of the paper's adversaries, and of the adaptive ones. */
  readonly epsilons: Readonly<Record<"paper" | "adaptive", Readonly<Record<Norm, readonly number[]>>>>;
}

const adam = (learningRate: number, beta1: number, beta2: number, decayFrom: number): Ref => ({
  ...{ use: "adam", learningRate, beta1, beta2, decayFrom },
});

const recipes: Readonly<Record<"cifar10" | "mnist", Recipe>> = {
  cifar10: {
    data: { use: "cifar10", range: "unit" },
    classifier: { use: "image-classifier" },
    classifierOptimizer: adam(1e-3, 0.9, 0.999, 0.5),
    baselineEpochs: 50,
    fineTuningOptimizer: adam(3e-4, 0.9, 0.999, 0.5),
    fineTuningEpochs: 50,
    generator: { use: "image-generator" },
    ballGenerator: { use: "image-translator" },
    pixelCritic: { use: "convnet", filters: [64, 128, 256], hidden: [] },
    optimizer: adam(3e-4, 0.5, 0.9, 2 / 3),
    steps: 25_000, // 50 epochs of 500 batches of 100
    r: [0.01, 0.03, 0.05],
    epsilons: {
      paper: {
        linf: [0.002, 0.005, 0.01, 0.015, 0.02, 0.03],
        l2: [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4],
        l1: [],
        l0: [],
      },
      adaptive: { linf: [0.005, 0.01, 0.02], l2: [], l1: [], l0: [] },
    },
  },
  mnist: {
    data: { use: "mnist", range: "unit" },
    classifier: { use: "convnet", filters: [16, 32, 32], hidden: [128] },
    classifierOptimizer: adam(1e-3, 0.9, 0.999, 0.5),
    baselineEpochs: 5,
    fineTuningOptimizer: adam(1e-3, 0.9, 0.999, 0.5),
    fineTuningEpochs: 5,
    generator: { use: "image-generator", channels: 32, doublings: 2 },
    ballGenerator: { use: "image-translator" },
    pixelCritic: { use: "convnet", filters: [16, 32], hidden: [128] },
    optimizer: adam(5e-4, 0.5, 0.9, 0.5),
    steps: 2000,
    r: [0.1, 0.2, 0.3],
    epsilons: {
      paper: { linf: [0.02, 0.05, 0.1, 0.15, 0.2, 0.3], l2: [0.25, 0.5, 1, 1.5, 2, 2.5, 3], l1: [], l0: [] },
      adaptive: { linf: [0.05, 0.1, 0.2], l2: [], l1: [], l0: [] },
    },
  },
};

/** The recipe of a data set. */
export function recipeOf(name: keyof typeof recipes): Recipe {
  return recipes[name];
}

/** The critic that suits a reading: Table 5's on features. */
export function criticOf({ pixelCritic }: Recipe, { critic }: Reading): Ref {
  return critic === "features" ? { use: "feature-critic" } : pixelCritic;
}

/** The generator that suits a reading. */
export function generatorOf({ generator, ballGenerator }: Recipe, { generates }: Reading): Ref {
  return generates === "ball" ? ballGenerator : generator;
}

/** The four adversaries of the paper (Sec. 5.2.1), in the order of Fig. 7's panels. */
export const PAPER_ATTACKS: readonly Ref[] = [
  { use: "deepfool", norm: "l2" },
  { use: "deepfool", norm: "linf" },
  { use: "fgsm" },
  { use: "pgd", steps: 40, randomStart: false },
];

/**
 * Those that know the defence: the paper's FGSM and PGD without the rounding of float32, Auto-PGD on two losses, one
 * without gradients, Eq. (9) itself.
 */
export const ADAPTIVE_ATTACKS: readonly Ref[] = [
  { use: "fgsm", loss: "log-odds" },
  { use: "pgd", loss: "log-odds", steps: 40, randomStart: false },
  { use: "apgd", loss: "cross-entropy", steps: 50 },
  { use: "apgd", loss: "dlr", steps: 50 },
  { use: "square", queries: 500 },
  { use: "pgd", loss: "entropy-aware", steps: 40 },
];

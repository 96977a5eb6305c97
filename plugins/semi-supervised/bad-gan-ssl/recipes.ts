/**
 * The application's recipes for MNIST, SVHN and CIFAR-10: what the paper says (Sec. 5.1, Appendix D) and, where it says
 * nothing or something else, what the authors' code does. Methods have recipes of their own.
 *
 * @module
 */
import type { SslSetting } from "../method.ts";
import { scheduledAdam } from "../rates.ts";
import type { Recipe } from "../recipe.ts";
import type { BadGanSslOptions } from "./options.ts";

/** What a recipe gives: classifier, data and schedule. */
export type SslRecipe = Recipe<
  BadGanSslOptions,
  "data" | "classifier" | "classifierOptimizer" | "labeled" | "unlabeled" | "epochs" | "iterations"
> & { readonly "initialize.from": "labeled" | "unlabeled" };

const betas = { beta1: 0.5, beta2: 0.9999 };

const recipes: Record<"mnist" | "svhn" | "cifar10", SslRecipe> = {
  mnist: {
    data: { use: "mnist", range: "unit" },
    classifier: { use: "ssl-mnist-classifier", outputNoise: 0.5 },
    classifierOptimizer: scheduledAdam({ learningRate: 3e-3, ...betas }),
    labeled: 100,
    unlabeled: "rest",
    epochs: 1000,
    iterations: 599,
    "initialize.from": "unlabeled",
  },
  svhn: {
    data: { use: "svhn" },
    classifier: { use: "ssl-image-classifier", dataset: "svhn" },
    classifierOptimizer: scheduledAdam({ learningRate: 1e-3, floor: 1e-4, ...betas }),
    labeled: 1000,
    unlabeled: "all",
    epochs: 1000,
    iterations: 733,
    "initialize.from": "labeled",
  },
  cifar10: {
    data: { use: "cifar10" },
    classifier: { use: "ssl-image-classifier", dataset: "cifar10" },
    classifierOptimizer: scheduledAdam({ learningRate: 3e-4, ...betas }),
    labeled: 4000,
    unlabeled: "all",
    epochs: 1200,
    iterations: 500,
    "initialize.from": "labeled",
  },
};

/** What there is for a preset, by the recipe's name: Table 4 has no noise before the output, the authors' code has. */
export function recipesOf(preset: SslSetting["preset"]): Readonly<Record<string, SslRecipe>> {
  if (preset === "authors") return recipes;
  const { mnist } = recipes;
  return { ...recipes, mnist: { ...mnist, classifier: { ...mnist.classifier, outputNoise: 0 } } };
}

/** Lines of Table 1 by data set, in percent of test rows. */
export const published: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  mnist: {
    "DSGAN, Table 1": 0.827,
    "badGAN, Table 1": 0.795,
    "FM, Table 1": 0.93,
    "TripleGAN, Table 1": 0.91,
    "CatGAN, Table 1": 1.91,
  },
  svhn: {
    "DSGAN, Table 1": 5.01,
    "badGAN, Table 1": 4.25,
    "TripleGAN, Table 1": 5.77,
    "FM, Table 1": 8.11,
  },
  cifar10: {
    "DSGAN, Table 1": 15.08,
    "badGAN, Table 1": 14.41,
    "CT-GAN, Table 1": 9.98,
    "TripleGAN, Table 1": 16.99,
    "FM, Table 1": 18.63,
    "CatGAN, Table 1": 19.58,
  },
};

/**
 * The recipes of semi-supervised learning on MNIST, SVHN and CIFAR-10: what the paper says (Sec. 5.1, Appendix D) and,
 * where it says nothing or something else, what the authors' code does. Methods have tables of their own.
 *
 * @module
 */
import type { Ref } from "../../../core/mod.ts";
import type { SslSetting } from "../method.ts";

/** What of a recipe concerns the classifier, the data and the schedule. */
export interface Recipe {
  readonly data: Ref;
  readonly classifier: Ref;
  readonly classifierOptimizer: Ref;
  readonly labeled: number;
  /** Whether labelled rows are among the unlabelled ones. */
  readonly unlabeled: "rest" | "all";
  readonly epochs: number;
  /** Iterations an epoch. */
  readonly iterations: number;
  /** Which rows the data-dependent initialisation takes. */
  readonly initialize: "labeled" | "unlabeled";
  /** Lines of Table 1 in percent of test rows, to draw beside one's own. */
  readonly published: Readonly<Record<string, number>>;
}

/** Adam (0.5, 0.9999), the rate constant for two thirds of the epochs and falling linearly after. */
const adam = (learningRate: number, floor: number): Ref => ({
  use: "adam",
  learningRate,
  decayFrom: 2 / 3,
  floor,
  beta1: 0.5,
  beta2: 0.9999,
  epsilon: 1e-8,
});

const recipes: Record<SslSetting["recipe"], Recipe> = {
  mnist: {
    data: { use: "mnist", range: "unit" },
    classifier: { use: "ssl-mnist-classifier", outputNoise: 0.5 },
    classifierOptimizer: adam(3e-3, 0),
    labeled: 100,
    unlabeled: "rest",
    epochs: 1000,
    iterations: 599,
    initialize: "unlabeled",
    published: {
      "DSGAN, Table 1": 0.827,
      "badGAN, Table 1": 0.795,
      "FM, Table 1": 0.93,
      "TripleGAN, Table 1": 0.91,
      "CatGAN, Table 1": 1.91,
    },
  },
  svhn: {
    data: { use: "svhn" },
    classifier: { use: "ssl-image-classifier", dataset: "svhn" },
    classifierOptimizer: adam(1e-3, 1e-4),
    labeled: 1000,
    unlabeled: "all",
    epochs: 1000,
    iterations: 733,
    initialize: "labeled",
    published: {
      "DSGAN, Table 1": 5.01,
      "badGAN, Table 1": 4.25,
      "TripleGAN, Table 1": 5.77,
      "FM, Table 1": 8.11,
    },
  },
  cifar10: {
    data: { use: "cifar10" },
    classifier: { use: "ssl-image-classifier", dataset: "cifar10" },
    classifierOptimizer: adam(3e-4, 0),
    labeled: 4000,
    unlabeled: "all",
    epochs: 1200,
    iterations: 500,
    initialize: "labeled",
    published: {
      "DSGAN, Table 1": 15.08,
      "badGAN, Table 1": 14.41,
      "CT-GAN, Table 1": 9.98,
      "TripleGAN, Table 1": 16.99,
      "FM, Table 1": 18.63,
      "CatGAN, Table 1": 19.58,
    },
  },
};

/** The recipe of a setting; the paper's Table 4 has no noise before the output, the authors' code has. */
export function recipeOf({ recipe, preset }: SslSetting): Recipe {
  const found = recipes[recipe];
  if (preset === "authors" || recipe !== "mnist") return found;
  return { ...found, classifier: { ...found.classifier, outputNoise: 0 } };
}

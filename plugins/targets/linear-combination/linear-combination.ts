/**
 * Complement samples: pdBar are linear combinations of labelled and unlabelled data, pd the unlabelled data
 * (Sec. 5.1, Eq. 8).
 *
 * @module
 */
import {
  component,
  type Dataset,
  Datasets,
  type TargetDistributionSpec,
  Targets,
  tf,
  z,
} from "../../../core/mod.ts";
import { alphaSchema } from "../alpha.ts";
import { commonRange, sharedShape } from "../ends.ts";

/** Options of {@link linearCombination}. */
export interface LinearCombinationOptions {
  readonly labeled: Dataset;
  readonly unlabeled: Dataset;
  /** In [0, 1). */
  readonly alpha: number;
  /** Largest share of a labelled row, in (0, 1]. */
  readonly beta: number;
}

/**
 * `pdBar`: b·x₁ + (1 − b)·x₂ with x₁ from `labeled`, x₂ from `unlabeled` and b ~ U[0, β) drawn for each row (Eq. 8);
 * `pd`: `unlabeled`, whose geometry it has.
 * @throws InputError where the two shapes differ
 */
export function linearCombination(options: LinearCombinationOptions): TargetDistributionSpec {
  const { labeled, unlabeled, alpha, beta } = options;
  return {
    name: "linear-combination",
    alpha,
    shape: sharedShape("linear-combination", { labeled, unlabeled }),
    ...commonRange([labeled, unlabeled]),
    ...(unlabeled.geometry && { geometry: unlabeled.geometry }),
    pd: unlabeled.sample,
    pdBar: (key, n) =>
      tf.tidy(() => {
        const x1 = labeled.sample(key.fold("labeled"), n); // [n, ...]
        const x2 = unlabeled.sample(key.fold("unlabeled"), n); // [n, ...]
        const b = key.fold("b").uniform([n, ...x1.shape.slice(1).map(() => 1)], 0, beta); // [n, 1, ...]
        return tf.add(tf.mul(b, x1), tf.mul(tf.sub(1, b), x2));
      }),
  };
}

/** How a scenario names it: `{ use: linear-combination, labeled: …, unlabeled: mnist, beta: 0.3 }`. */
const linearCombinationComponent = component(Targets, {
  name: "linear-combination",
  summary: "Linear combinations of labelled and unlabelled data",
  reference: "DSGAN, Sec. 5.1, Eq. (8)",
  options: (refs) =>
    z.strictObject({
      labeled: refs(Datasets).describe("Source of the first row of each combination (x1 of Eq. 8)."),
      unlabeled: refs(Datasets).describe("Source of the second (x2 of Eq. 8), and pd."),
      alpha: alphaSchema,
      beta: z
        .number()
        .positive()
        .max(1)
        .default(0.3)
        .describe(
          "Largest share of the first row, above 0, at most 1; each row's share is drawn evenly up to it.",
        ),
    }),
  create: async ({ labeled, unlabeled, alpha, beta }, context) =>
    linearCombination({
      labeled: await context.create(Datasets, labeled),
      unlabeled: await context.create(Datasets, unlabeled),
      alpha,
      beta,
    }),
});

export default linearCombinationComponent;

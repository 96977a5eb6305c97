/**
 * Complement samples: pdBar are linear combinations of labelled and unlabelled data, pd the unlabelled data
 * (Sec. 5.1, Eq. 8).
 *
 * @module
 */
import {
  component,
  Datasets,
  type Parts,
  parseParts,
  type Refs,
  sharedColumns,
  type TargetDistributionSpec,
  Targets,
  tf,
  z,
} from "../../../core/mod.ts";
import { commonRange, sharedShape } from "../common.ts";
import { alphaSchema } from "../options.ts";

const options = (refs: Refs) =>
  z.strictObject({
    labeled: refs(Datasets).describe("Source of the first row of each combination: x₁ of Eq. (8)."),
    unlabeled: refs(Datasets).describe("Source of the second, x₂ of Eq. (8), and pd."),
    alpha: alphaSchema,
    beta: z
      .number()
      .positive()
      .max(1)
      .default(0.3)
      .describe("β, the largest share of the first row; each row's share is drawn evenly up to it."),
  });

/** Options of {@link linearCombination}. */
export type LinearCombinationOptions = Parts<typeof options>;

/**
 * Complement samples. `pdBar`: b·x₁ + (1 − b)·x₂ with x₁ from `labeled`, x₂ from `unlabeled` and b ~ U[0, β) drawn for
 * each row (Eq. 8); `pd`: `unlabeled`, whose geometry it has.
 * @throws InputError where an option is out of its range, or the two shapes differ
 * @example
 * ```ts
 * import { moons } from "dsgan/datasets";
 * import { linearCombination } from "dsgan/targets";
 *
 * const [labeled, unlabeled] = [moons({ size: 10 }), moons({ size: 2000, seed: 1 })];
 * const target = linearCombination({ labeled, unlabeled, beta: 0.3 });
 * console.log(target.shape); // [2]
 * ```
 */
export function linearCombination(given: LinearCombinationOptions): TargetDistributionSpec {
  const { labeled, unlabeled, alpha, beta } = parseParts("linear-combination", options, given);
  return {
    name: "linear-combination",
    alpha,
    shape: sharedShape("linear-combination", { labeled, unlabeled }),
    ...sharedColumns('target "linear-combination"', { labeled, unlabeled }),
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

/** A scenario names it `{ use: linear-combination, labeled: …, unlabeled: mnist, beta: 0.3 }`. */
export default component(Targets, {
  name: "linear-combination",
  summary: "Linear combinations of labelled and unlabelled data",
  reference: "DSGAN, Sec. 5.1, Eq. (8)",
  options,
  create: async (given, context) => linearCombination(await context.build(given)),
});

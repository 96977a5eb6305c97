/**
 * The difference of two datasets.
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
  z,
} from "../../../core/mod.ts";
import { commonRange, sharedShape } from "../common.ts";
import { alphaSchema } from "../options.ts";

const options = (refs: Refs) =>
  z.strictObject({
    pd: refs(Datasets).describe("The dataset to avoid."),
    pdBar: refs(Datasets).describe("The dataset to cover; its samples have the shape of pd's."),
    alpha: alphaSchema,
  });

/** Options of {@link datasetDifference}. */
export type DatasetDifferenceOptions = Parts<typeof options>;

/**
 * The difference of two datasets, `pd` and `pdBar`; the geometry is that of `pd`.
 * @throws InputError where an option is out of its range, or the shapes of the two differ
 * @example
 * ```ts
 * import { uniform } from "dsgan/datasets";
 * import { datasetDifference } from "dsgan/targets";
 *
 * // pt is uniform on [1, 2): (1 − 0.5)·pt + 0.5·U[0, 1) = U[0, 2)
 * const target = datasetDifference({ pd: uniform(), pdBar: uniform({ high: 2 }), alpha: 0.5 });
 * console.log(target.range); // [0, 2]
 * ```
 */
export function datasetDifference(given: DatasetDifferenceOptions): TargetDistributionSpec {
  const { pd, pdBar, alpha } = parseParts("dataset-difference", options, given);
  return {
    name: "dataset-difference",
    alpha,
    shape: sharedShape("dataset-difference", { pd, pdBar }),
    ...sharedColumns('target "dataset-difference"', { pd, pdBar }),
    ...commonRange([pd, pdBar]),
    ...(pd.geometry && { geometry: pd.geometry }),
    pd: pd.sample,
    pdBar: pdBar.sample,
  };
}

/** A scenario names it `{ use: dataset-difference, pd: { use: uniform }, pdBar: { use: uniform, high: 2 } }`. */
export default component(Targets, {
  name: "dataset-difference",
  summary: "The difference of two datasets",
  reference: "DSGAN, Eq. (1)",
  options,
  create: async (given, context) => datasetDifference(await context.build(given)),
});

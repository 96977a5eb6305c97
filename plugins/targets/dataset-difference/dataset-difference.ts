/**
 * The difference of two datasets.
 *
 * @module
 */
import {
  component,
  type Dataset,
  Datasets,
  type TargetDistributionSpec,
  Targets,
  z,
} from "../../../core/mod.ts";
import { alphaSchema } from "../alpha.ts";
import { commonRange, sharedShape } from "../ends.ts";

/** Options of {@link datasetDifference}. */
export interface DatasetDifferenceOptions {
  readonly pd: Dataset;
  readonly pdBar: Dataset;
  /** In [0, 1). */
  readonly alpha: number;
}

/**
 * `pd` and `pdBar` are two datasets; the geometry is that of `pd`.
 * @throws InputError where their shapes differ
 */
export function datasetDifference({ pd, pdBar, alpha }: DatasetDifferenceOptions): TargetDistributionSpec {
  return {
    name: "dataset-difference",
    alpha,
    shape: sharedShape("dataset-difference", { pd, pdBar }),
    ...commonRange([pd, pdBar]),
    ...(pd.geometry && { geometry: pd.geometry }),
    pd: pd.sample,
    pdBar: pdBar.sample,
  };
}

/** How a scenario names it: `{ use: dataset-difference, pd: { use: uniform }, pdBar: { use: uniform, high: 2 } }`. */
const datasetDifferenceComponent = component(Targets, {
  name: "dataset-difference",
  summary: "The difference of two datasets",
  reference: "DSGAN, Eq. (1)",
  options: (refs) =>
    z.strictObject({
      pd: refs(Datasets).describe("The dataset to be avoided."),
      pdBar: refs(Datasets).describe("The dataset to be covered; its samples have the shape of pd's."),
      alpha: alphaSchema,
    }),
  create: async ({ pd, pdBar, alpha }, context) =>
    datasetDifference({
      pd: await context.create(Datasets, pd),
      pdBar: await context.create(Datasets, pdBar),
      alpha,
    }),
});

export default datasetDifferenceComponent;

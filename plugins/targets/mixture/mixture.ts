/**
 * A plain mixture of datasets as pdBar.
 *
 * @module
 */
import {
  component,
  type Dataset,
  Datasets,
  InputError,
  type Sampler,
  type TargetDistributionSpec,
  Targets,
  tf,
  z,
} from "../../../core/mod.ts";
import { alphaSchema } from "../alpha.ts";
import { commonRange, sharedShape } from "../ends.ts";

/** A dataset and how much of the mixture it is. */
export interface Part {
  readonly data: Dataset;
  /** > 0; only the ratio to the other weights counts. */
  readonly weight: number;
}

/** Options of {@link mixture}. */
export interface MixtureOptions {
  readonly pd: Dataset;
  /** One or more. */
  readonly pdBar: readonly Part[];
  /** In [0, 1). */
  readonly alpha: number;
}

/**
 * `pdBar = Σᵢ wᵢ·pᵢ / Σᵢ wᵢ`, the part of each row drawn on its own; `pd` is a dataset, whose geometry it has.
 * @throws InputError where shapes differ, there is no part, or a weight is not above 0
 */
export function mixture({ pd, pdBar, alpha }: MixtureOptions): TargetDistributionSpec {
  if (pdBar.length === 0) throw new InputError('target "mixture": pdBar is empty; name at least one dataset');
  pdBar.forEach(({ weight }, i) => {
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new InputError(`target "mixture": weights must be above 0, got ${weight} for part ${i} of pdBar`);
    }
  });
  const parts = pdBar.map(({ data }) => data);
  const named = Object.fromEntries(parts.map((data, i) => [`pdBar.${i}`, data]));
  return {
    name: "mixture",
    alpha,
    shape: sharedShape("mixture", { pd, ...named }),
    ...commonRange([pd, ...parts]),
    ...(pd.geometry && { geometry: pd.geometry }),
    pd: pd.sample,
    pdBar: mixed(pdBar),
  };
}

/** Draws how many rows each part gives, then as many from each, and puts them in the drawn order. */
function mixed(parts: readonly Part[]): Sampler {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  let below = 0;
  const bounds = parts.map(({ weight }) => (below += weight / total)); // upper end of each part's share of [0, 1)
  return (key, n) => {
    const counts = parts.map(() => 0);
    const drawn = Array.from(key.fold("part").uniformArray(n), (u) => {
      const found = bounds.findIndex((bound) => u < bound);
      const part = found < 0 ? parts.length - 1 : found; // the last bound may have been rounded below 1
      return { part, nth: counts[part]!++ };
    });
    const starts = counts.map((_, part) => counts.slice(0, part).reduce((a, b) => a + b, 0));
    const order = drawn.map(({ part, nth }) => starts[part]! + nth);
    return tf.tidy(() => {
      const batches = parts.flatMap(({ data }, part) =>
        counts[part] === 0 ? [] : [data.sample(key.fold("rows", part), counts[part]!)],
      );
      return tf.gather(tf.concat(batches), tf.tensor1d(order, "int32")); // [n, ...]
    });
  };
}

/** How a scenario names it: `{ use: mixture, pd: uniform, pdBar: [{ data: …, weight: 2 }, { data: … }] }`. */
const mixtureComponent = component(Targets, {
  name: "mixture",
  summary: "A weighted mixture of datasets against another dataset",
  reference: "DSGAN, Eq. (1)",
  options: (refs) =>
    z.strictObject({
      pd: refs(Datasets).describe("The dataset to be avoided."),
      pdBar: z
        .array(
          z.strictObject({
            data: refs(Datasets).describe("A part of pdBar; its samples have the shape of pd's."),
            weight: z
              .number()
              .positive()
              .default(1)
              .describe("How much of pdBar it is, above 0, in proportion to the other weights."),
          }),
        )
        .min(1, "pdBar is empty; name at least one dataset")
        .describe("The parts of the mixture to be covered."),
      alpha: alphaSchema,
    }),
  create: async ({ pd, pdBar, alpha }, context) =>
    mixture({
      pd: await context.create(Datasets, pd),
      pdBar: await Promise.all(
        pdBar.map(async ({ data, weight }) => ({ data: await context.create(Datasets, data), weight })),
      ),
      alpha,
    }),
});

export default mixtureComponent;

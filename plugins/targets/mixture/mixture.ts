/**
 * A plain mixture of datasets as pdBar.
 *
 * @module
 */
import {
  component,
  type Dataset,
  Datasets,
  type Parts,
  parseParts,
  type Refs,
  type Sampler,
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
    pd: refs(Datasets).describe("The dataset to avoid."),
    pdBar: z
      .array(
        z.strictObject({
          data: refs(Datasets).describe("A part of pdBar; its samples have the shape of pd's."),
          weight: z
            .number()
            .positive()
            .default(1)
            .describe("How much of pdBar it is, in proportion to the other weights."),
        }),
      )
      .min(1, "pdBar is empty; name at least one dataset")
      .describe("The parts of the mixture to cover: data, and its weight."),
    alpha: alphaSchema,
  });

/** Options of {@link mixture}. */
export type MixtureOptions = Parts<typeof options>;

/**
 * `pdBar = Σᵢ wᵢ·pᵢ / Σᵢ wᵢ`, the part of each row drawn on its own; `pd` is a dataset, whose geometry it has.
 * @throws InputError where an option is out of its range, shapes differ, or there is no part
 * @example
 * ```ts
 * import { normal } from "dsgan/datasets";
 * import { mixture } from "dsgan/targets";
 *
 * const [left, right] = [normal({ mean: -2 }), normal({ mean: 2 })];
 * // pt is the right one: (1 − 0.25)·pt + 0.25·left = 1/4·left + 3/4·right
 * const target = mixture({ pd: left, pdBar: [{ data: left }, { data: right, weight: 3 }], alpha: 0.25 });
 * ```
 */
export function mixture(given: MixtureOptions): TargetDistributionSpec {
  const { pd, pdBar, alpha } = parseParts("mixture", options, given);
  const parts = pdBar.map(({ data }) => data);
  const named = Object.fromEntries(parts.map((data, i) => [`pdBar.${i}`, data]));
  return {
    name: "mixture",
    alpha,
    shape: sharedShape("mixture", { pd, ...named }),
    ...sharedColumns('target "mixture"', { pd, ...named }),
    ...commonRange([pd, ...parts]),
    ...(pd.geometry && { geometry: pd.geometry }),
    pd: pd.sample,
    pdBar: mixed(pdBar),
  };
}

/** Draws how many rows each part gives, then as many from each, and puts them in the drawn order. */
function mixed(parts: readonly { readonly data: Dataset; readonly weight: number }[]): Sampler {
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

/** A scenario names it `{ use: mixture, pd: uniform, pdBar: [{ data: …, weight: 2 }, { data: … }] }`. */
export default component(Targets, {
  name: "mixture",
  summary: "A weighted mixture of datasets against another dataset",
  reference: "DSGAN, Eq. (1)",
  options,
  create: async (given, context) => mixture(await context.build(given)),
});

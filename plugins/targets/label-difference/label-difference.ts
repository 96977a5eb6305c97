/**
 * The difference of two label sets of one dataset (Sec. 2.2, Figs. 5 and 6: pd = {1}, pdBar = {1, 7}, so pt = {7}).
 *
 * @module
 */
import {
  component,
  Datasets,
  type FiniteDataset,
  InputError,
  isFiniteDataset,
  type Parts,
  parseParts,
  type Refs,
  type Sampler,
  type TargetDistributionSpec,
  Targets,
  z,
} from "../../../core/mod.ts";
import { alphaSchema } from "../options.ts";

const labelSetSchema = z.array(z.int().min(0)).min(1, "the set of labels is empty; name at least one");

const options = (refs: Refs) =>
  z
    .strictObject({
      data: refs(Datasets).describe("Labelled data."),
      pd: labelSetSchema.describe("Classes that make up pd, to avoid."),
      pdBar: labelSetSchema.describe("Classes that make up pdBar, to cover; at least one that pd lacks."),
      alpha: alphaSchema,
      balance: z
        .boolean()
        .default(false)
        .describe(
          "Draws every class equally often; else rows are drawn evenly, and classes occur as often as in the data.",
        ),
    })
    .refine(({ pd, pdBar }) => pdBar.some((label) => !pd.includes(label)), {
      error: "nothing to learn: pdBar has no class that pd lacks; add one to pdBar",
      path: ["pdBar"],
    });

/** Options of {@link labelDifference}. */
export type LabelDifferenceOptions = Parts<typeof options>;

/**
 * The difference of two label sets: `pd` and `pdBar` are the data's rows of the given classes. Rows are drawn evenly, so
 * classes occur as often as in the data, or evenly by class with `balance`.
 * @param given data with labels; two sets of its classes
 * @throws InputError where the data has no labels, a set is empty or names a class that is absent, or `pdBar` has no
 *   class that `pd` lacks
 * @example
 * ```ts
 * import { moons } from "dsgan/datasets";
 * import { labelDifference } from "dsgan/targets";
 *
 * const target = labelDifference({ data: moons(), pd: [0], pdBar: [0, 1], alpha: 0.5 }); // pt is the second moon
 * console.log(target.classes!.pdBar); // [0, 1]
 * ```
 */
export function labelDifference(given: LabelDifferenceOptions): TargetDistributionSpec {
  const { data, pd, pdBar, alpha, balance } = parseParts("label-difference", options, given);
  if (!isFiniteDataset(data)) {
    throw new InputError(
      `target "label-difference": dataset "${data.name}" is a formula and has no labels; use labelled data (mnist, idx, arrays)`,
    );
  }
  const sampler = balance ? byClass : byRow;
  const samplers = { pd: sampler(data, pd), pdBar: sampler(data, pdBar) };
  return {
    name: "label-difference",
    alpha,
    shape: data.shape,
    ...(data.range && { range: data.range }),
    ...(data.columns && { columns: data.columns }),
    ...samplers,
    classes: { data, pd, pdBar },
  };
}

/** Draws evenly among the rows of the given classes. */
function byRow(data: FiniteDataset, labels: readonly number[]): Sampler {
  return data.only(labels).sample;
}

/** Draws a class evenly, then evenly among its rows. */
function byClass(data: FiniteDataset, labels: readonly number[]): Sampler {
  data.only(labels); // for its checks
  const distinct = [...new Set(labels)];
  const every = Int32Array.from({ length: data.size }, (_, row) => row);
  const rows = distinct.map((label) => every.filter((row) => data.labels![row] === label));
  return (key, n) => {
    const chosen = key.fold("class").integers(n, distinct.length);
    const share = key.fold("row").uniformArray(n);
    return data.rows(chosen.map((c, i) => rows[c]![Math.floor(share[i]! * rows[c]!.length)]!));
  };
}

/** A scenario names it `{ use: label-difference, data: mnist, pd: [1], pdBar: [1, 7] }`. */
export default component(Targets, {
  name: "label-difference",
  summary: "The difference of two label sets of one dataset",
  reference: "DSGAN, Sec. 2.2, Figs. 5 and 6",
  options,
  create: async (given, context) => labelDifference(await context.build(given)),
});

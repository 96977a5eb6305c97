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
  type Sampler,
  type TargetDistributionSpec,
  Targets,
  z,
} from "../../../core/mod.ts";
import { alphaSchema } from "../alpha.ts";

/** Options of {@link labelDifference}. */
export interface LabelDifferenceOptions {
  /** Labelled data. */
  readonly data: FiniteDataset;
  /** Classes that make up pd. */
  readonly pd: readonly number[];
  /** Classes that make up pdBar; at least one is not in `pd`. */
  readonly pdBar: readonly number[];
  /** In [0, 1). */
  readonly alpha: number;
  /** Draws every class equally often, rather than every row. */
  readonly balance: boolean;
}

/**
 * `pd` and `pdBar` are the data's rows of the given classes; rows are drawn evenly, so classes occur as often as in
 * the data, or evenly by class with `balance`.
 * @throws InputError where the data has no labels, a set is empty or names a class that is absent, or `pdBar` has no
 *   class that `pd` lacks
 */
export function labelDifference(options: LabelDifferenceOptions): TargetDistributionSpec {
  const { data, pd, pdBar, alpha, balance } = options;
  const sampler = balance ? byClass : byRow;
  const samplers = { pd: sampler(data, pd), pdBar: sampler(data, pdBar) };
  if (pdBar.every((label) => pd.includes(label))) {
    throw new InputError(
      `target "label-difference": nothing to learn: pdBar [${pdBar}] has no class that pd [${pd}] lacks; add one to pdBar`,
    );
  }
  return {
    name: "label-difference",
    alpha,
    shape: data.shape,
    ...(data.range && { range: data.range }),
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

const labelSetSchema = z
  .array(z.int().min(0).max(255))
  .min(1, "the set of labels is empty; name at least one");

/** How a scenario names it: `{ use: label-difference, data: mnist, pd: [1], pdBar: [1, 7] }`. */
const labelDifferenceComponent = component(Targets, {
  name: "label-difference",
  summary: "The difference of two label sets of one dataset",
  reference: "DSGAN, Sec. 2.2, Figs. 5 and 6",
  options: (refs) =>
    z.strictObject({
      data: refs(Datasets).describe("Labelled data."),
      pd: labelSetSchema.describe("Classes that make up pd, to be avoided."),
      pdBar: labelSetSchema.describe("Classes that make up pdBar, to be covered; at least one not in pd."),
      alpha: alphaSchema,
      balance: z
        .boolean()
        .default(false)
        .describe("Draws every class equally often; else classes occur as often as in the data."),
    }),
  async create({ data: ref, ...options }, context) {
    const data = await context.create(Datasets, ref);
    if (!isFiniteDataset(data)) {
      throw new InputError(
        `target "label-difference": dataset "${data.name}" is a formula and has no labels; use labelled data (mnist, idx, arrays)`,
      );
    }
    return labelDifference({ data, ...options });
  },
});

export default labelDifferenceComponent;

/**
 * Negative data augmentation: what distorts the data is avoided, and the data are covered. A. Sinha, K. Ayush, J. Song,
 * B. Uzkent, H. Jin, S. Ermon, "Negative Data Augmentation", ICLR 2021, Sec. 3.
 *
 * @module
 */
import {
  component,
  Datasets,
  InputError,
  isFiniteDataset,
  type Labels,
  type Parts,
  parseParts,
  type Refs,
  type TargetDistributionSpec,
  Targets,
  z,
} from "../../../core/mod.ts";
import { alphaSchema } from "../options.ts";
import { DISTORTIONS, distorted } from "./distortions.ts";

const options = (refs: Refs) =>
  z.strictObject({
    data: refs(Datasets).describe("Images: pdBar, and distorted pd."),
    alpha: alphaSchema.unwrap().default(0.25).describe("Share of distorted images in the fake batch."),
    distortions: z
      .array(z.enum(DISTORTIONS))
      .min(1)
      .default(["jigsaw", "cut", "mix"])
      .describe(
        "Each image meets one of them: jigsaw, its tiles in another order; cut, a square of another image; mix, the " +
          "mean of two images, weighted .3 to .7.",
      ),
    tiles: z.int().min(2).default(2).describe("Tiles of the jigsaw along each side, which they must divide."),
  });

/** Options of {@link negativeAugmentation}. */
export type NegativeAugmentationOptions = Parts<typeof options>;

/**
 * The data, told from distorted data: `pdBar` is the data, `pd` the same distorted. Where the two do not meet, pg = the
 * data's distribution is the best that a generator can do, whatever α is (Theorem 1 there): an ordinary GAN, whose critic
 * is shown more that is not data.
 * @throws InputError where an option is out of its range, or the data are no images that the tiles divide
 * @example
 * ```ts
 * import { fromArrays } from "dsgan";
 * import { negativeAugmentation } from "dsgan/targets";
 *
 * const data = fromArrays({ name: "squares", values: new Float32Array(4 * 16), shape: [4, 4, 1] });
 * console.log(negativeAugmentation({ data }).alpha); // 0.25
 * ```
 */
export function negativeAugmentation(given: NegativeAugmentationOptions): TargetDistributionSpec {
  const { data, alpha, distortions, tiles } = parseParts("negative-augmentation", options, given);
  const [height, width] = data.shape;
  if (data.shape.length !== 3) {
    throw new InputError(`target "negative-augmentation": it distorts images, and rows are [${data.shape}]`);
  }
  if (distortions.includes("jigsaw") && (height! % tiles !== 0 || width! % tiles !== 0)) {
    throw new InputError(
      `target "negative-augmentation": ${tiles} tiles do not divide images of [${data.shape}]`,
    );
  }
  return {
    ...{ name: "negative-augmentation", alpha, shape: data.shape, pdBar: data.sample },
    ...(data.range && { range: data.range }),
    ...(isFiniteDataset(data) && data.labels && { classes: { data, pd: [], pdBar: classesIn(data.labels) } }),
    pd: distorted(data, distortions, tiles),
  };
}

/** All of them are wanted: none is pd's. */
const classesIn = (labels: Labels): number[] => [...new Set(labels)].sort((a, b) => a - b);

/** A scenario names it `{ use: negative-augmentation, data: mnist }`. */
export default component(Targets, {
  name: "negative-augmentation",
  summary: "The data against distorted data: a GAN whose critic is shown more that is not data",
  reference: "Sinha et al., ICLR 2021, arXiv:2102.05113",
  options,
  create: async (given, context) => negativeAugmentation(await context.build(given)),
});

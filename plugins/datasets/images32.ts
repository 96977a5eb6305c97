/**
 * Labelled colour images of 32 × 32 pixels as datasets.
 *
 * @module
 */
import { type FiniteDataset, fromArrays } from "../../core/mod.ts";
import { type ImageOptions, type Split, scalingOf } from "./options.ts";
import { type LabeledImages, SHAPE } from "./records.ts";

/**
 * A split, `[32, 32, 3]` a sample; the train split has the test split as its held-out rows.
 * @param read reads a split's images
 * @throws InputError as `read` does, and where a label is absent
 */
export async function images32(
  name: string,
  { split, labels, range }: ImageOptions,
  read: (split: Split) => Promise<LabeledImages>,
): Promise<FiniteDataset> {
  const all = fromArrays({
    ...{ name, shape: SHAPE, classes: 10, ...(await read(split)), ...scalingOf(range) },
    ...(split === "train" && { heldOut: () => images32(name, { split: "test", range }, read) }),
  });
  return labels === undefined ? all : all.only(labels);
}

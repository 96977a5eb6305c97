/**
 * Any folder of IDX files: Fashion-MNIST, KMNIST, EMNIST, one's own.
 *
 * @module
 */
import { component, Datasets, z } from "../../../core/mod.ts";
import { idxImages, type PixelRange, type Split, usualFiles } from "./images.ts";

/** Option `split` of datasets of images. */
export const splitSchema: z.ZodDefault<z.ZodEnum<{ train: "train"; test: "test" }>> = z
  .enum(["train", "test"] satisfies Split[])
  .default("train")
  .describe("Which part of the data; the train split is judged against the test split.");

/** Option `labels` of datasets of images. */
export const labelsSchema: z.ZodOptional<z.ZodArray<z.ZodInt>> = z
  .array(z.int().min(0).max(255))
  .min(1)
  .optional()
  .describe("Keeps the images of these classes only; all of them unless given.");

/** Option `range` of datasets of images. */
export const pixelRangeSchema: z.ZodDefault<z.ZodEnum<{ symmetric: "symmetric"; unit: "unit" }>> = z
  .enum(["symmetric", "unit"] satisfies PixelRange[])
  .default("symmetric")
  .describe("Values of the pixels: symmetric in [-1, 1], as tanh gives them, unit in [0, 1].");

/** How a scenario names it: `{ use: idx, folder: ./fashion-mnist }`. */
const idxComponent = component(Datasets, {
  name: "idx",
  summary: "Labelled images in a folder of IDX files (Fashion-MNIST and the like)",
  reference: "LeCun et al., 1998 (the format)",
  options: () =>
    z.strictObject({
      folder: z.string().min(1).describe("Folder of the files; a relative path starts at the scenario file."),
      split: splitSchema,
      labels: labelsSchema,
      range: pixelRangeSchema,
      imagesFile: z
        .string()
        .min(1)
        .optional()
        .describe("Name of the file of images in the folder, where it is not a usual one."),
      labelsFile: z
        .string()
        .min(1)
        .optional()
        .describe("Name of the file of labels in the folder, where it is not a usual one."),
    }),
  create({ folder, split, labels, range, imagesFile, labelsFile }, context) {
    const usual = usualFiles(split);
    const renamed = imagesFile !== undefined || labelsFile !== undefined;
    return idxImages({
      name: "idx",
      folder: context.locate(folder),
      split,
      labels,
      range,
      howToGet:
        "Put the IDX files of the data there, gzipped or not; " +
        "Fashion-MNIST's are at https://github.com/zalandoresearch/fashion-mnist",
      ...(renamed && {
        files: {
          images: imagesFile === undefined ? usual.images : [imagesFile],
          labels: labelsFile === undefined ? usual.labels : [labelsFile],
        },
      }),
    });
  },
});

export default idxComponent;

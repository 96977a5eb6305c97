/**
 * Any folder of IDX files: Fashion-MNIST, KMNIST, EMNIST, one's own.
 *
 * @module
 */
import { component, Datasets, type FiniteDataset, parseOptions, path, z } from "../../../core/mod.ts";
import { imageShape, placeOf } from "../options.ts";
import { idxImages, usualFiles } from "./images.ts";

/** The name of a file in the folder, which leads out of it by no path. */
const fileName = z.string().regex(/^[^\\/]+$/, "expected a name, and no path");

const options = z.strictObject({
  folder: path().describe("Folder of the files: a path, in a scenario from its file on, or a URL."),
  ...imageShape,
  imagesFile: fileName
    .optional()
    .describe(
      "Name of the file of images in the folder, where it is not a usual one; there are then no held-out rows.",
    ),
  labelsFile: fileName
    .optional()
    .describe("Name of the file of labels in the folder, where it is not a usual one."),
});

/** Options of {@link idx}. */
export type IdxOptions = z.input<typeof options>;

const HOW_TO_GET =
  "Put the IDX files of the data there, gzipped or not; " +
  "Fashion-MNIST's are at https://github.com/zalandoresearch/fashion-mnist";

/**
 * Labelled images in a folder of IDX files laid out as MNIST's are, `[height, width, 1]` a sample.
 * @param given folder: a relative path starts at the directory that the process runs in
 * @returns the rows, with the test split as held-out rows of the train split
 * @throws InputError where an option is out of its range, a file is missing, damaged, or does not agree with its
 *   companion, or a label is absent
 * @example
 * ```ts no-run needs the files of Fashion-MNIST
 * import { idx } from "dsgan/datasets";
 *
 * const shirts = await idx({ folder: "/usr/share/datasets/fashion-mnist", labels: [0] });
 * ```
 */
export async function idx(given: IdxOptions): Promise<FiniteDataset> {
  const { folder, imagesFile, labelsFile, ...rest } = parseOptions("idx", options, given);
  const usual = usualFiles(rest.split);
  const renamed = imagesFile !== undefined || labelsFile !== undefined;
  return await idxImages({
    ...rest,
    name: "idx",
    folder: placeOf(folder),
    howToGet: HOW_TO_GET,
    ...(renamed && {
      files: {
        images: imagesFile === undefined ? usual.images : [imagesFile],
        labels: labelsFile === undefined ? usual.labels : [labelsFile],
      },
    }),
  });
}

/** A scenario names it `{ use: idx, folder: ./fashion-mnist }`. */
export default component(Datasets, {
  name: "idx",
  summary: "Labelled images in a folder of IDX files (Fashion-MNIST and the like)",
  reference: "LeCun et al., 1998 (the format)",
  options,
  create: (given, context) => idx({ ...given, folder: context.locate(given.folder).href }),
});

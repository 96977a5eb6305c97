/**
 * SVHN, house numbers in street views, cropped to one digit; for non-commercial use.
 * Y. Netzer, T. Wang, A. Coates, A. Bissacco, B. Wu, A. Y. Ng, "Reading Digits in Natural Images with Unsupervised Feature
 * Learning", NIPS Workshop on Deep Learning, 2011.
 *
 * @module
 */
import {
  component,
  Datasets,
  Downloads,
  type FiniteDataset,
  inFolder,
  parseOptions,
  path,
  z,
} from "../../../core/mod.ts";
import { cacheFolder, fetched, mustBe } from "../cache.ts";
import { images32 } from "../images32.ts";
import { imageShape, placeOf, type Split } from "../options.ts";
import { type LabeledImages, parseRecords, RECORD, readImages } from "../records.ts";
import { parseMat } from "./mat.ts";

const options = z
  .strictObject({
    ...imageShape,
    folder: path()
      .optional()
      .describe(
        "Folder of the two official .mat files: a path, in a scenario from its file on, or a URL. The cache of `dsgan data get` unless given.",
      ),
    records: z
      .strictObject({
        file: path().describe("The file, gzipped or not: a path, in a scenario from its file on, or a URL."),
        cut: z
          .int()
          .positive()
          .describe(
            "Number of records to train with, the others being to test with; never cut within a house number, whose crops overlap.",
          ),
      })
      .optional()
      .describe("A file of records in CIFAR-10's binary layout in place of the official files."),
    verify: z.boolean().default(true).describe("Whether the official files must have their official MD5."),
  })
  .refine(({ folder, records }) => folder === undefined || records === undefined, {
    error: "give folder or records, not both",
  });

/** Options of {@link svhn}. */
export type SvhnOptions = z.input<typeof options>;

const files: Record<Split, { readonly name: string; readonly md5: string }> = {
  train: { name: "train_32x32.mat", md5: "e26dedcc434d2e4c54c9b2d4a06d8373" },
  test: { name: "test_32x32.mat", md5: "eb5a983be6a315427106f1b164d9cef3" },
};

const HOW_TO_GET = "Get it: dsgan data get svhn";

/**
 * SVHN: 73 257 digits to train with and 26 032 to test with (or those of a file of records), `[32, 32, 3]` a sample.
 * @param given paths: relative ones start at the directory that the process runs in
 * @throws InputError where an option is out of its range, a file is missing or damaged, or a label is absent
 * @example
 * ```ts no-run needs the data: dsgan data get svhn
 * import { svhn } from "dsgan/datasets";
 *
 * const data = await svhn({ range: "unit" });
 * const test = await data.heldOut!();
 * ```
 */
export async function svhn(given: SvhnOptions = {}): Promise<FiniteDataset> {
  const { folder, records, verify, ...rest } = parseOptions("svhn", options, given);
  const place = folder === undefined ? cacheFolder("svhn") : placeOf(folder);
  return await images32("svhn", rest, async (split) => {
    if (records !== undefined) return await partOf(placeOf(records.file), records.cut, split);
    const { name, md5 } = files[split];
    return await readImages(
      inFolder(place, name),
      (bytes) => {
        if (verify) mustBe(md5, bytes, name);
        return imagesOf(bytes);
      },
      HOW_TO_GET,
    );
  });
}

/** Images and labels of an official file: `X` is rows × columns × colours × n, `y` has 10 for the digit 0. */
export function imagesOf(bytes: Uint8Array): LabeledImages {
  const arrays = parseMat(bytes);
  const [x, y] = [arrays.get("X"), arrays.get("y")];
  const n = x?.dimensions[3] ?? 1;
  if (
    x === undefined ||
    y === undefined ||
    String(x.dimensions.slice(0, 3)) !== "32,32,3" ||
    y.values.length !== n
  ) {
    const found = [...arrays].map(([name, { dimensions }]) => `${name} ${dimensions.join(" × ")}`);
    throw new Error(`expected X 32 × 32 × 3 × n and y n × 1, found ${found.join(", ") || "no array"}`);
  }
  const values = new Uint8Array(n * 3072);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < 3; c++) {
      for (let column = 0; column < 32; column++) {
        const from = ((i * 3 + c) * 32 + column) * 32;
        for (let row = 0; row < 32; row++) {
          values[((i * 32 + row) * 32 + column) * 3 + c] = x.values[from + row]!;
        }
      }
    }
  }
  return { values, labels: Uint8Array.from(y.values, (label) => label % 10) };
}

/** The records before the cut, or those from there on. */
async function partOf(file: URL, cut: number, split: Split): Promise<LabeledImages> {
  return await readImages(
    file,
    (bytes) => {
      const count = bytes.length / RECORD;
      if (cut >= count) throw new Error(`expected more than ${cut} records, the cut, found ${count}`);
      const [from, to] = split === "train" ? [0, cut] : [cut, count];
      return parseRecords(bytes.subarray(from * RECORD, to * RECORD), 10);
    },
    "Give a file of records as CIFAR-10's binary version has them",
  );
}

/** A scenario names it `data: svhn`, or `{ use: svhn, records: { file: part.bin.gz, cut: 5498 } }`. */
const svhnComponent = component(Datasets, {
  name: "svhn",
  summary: "SVHN, house number digits (dsgan data get svhn)",
  reference: "Netzer et al., NIPS Workshop on Deep Learning, 2011",
  options,
  create: ({ folder, records, ...rest }, context) =>
    svhn({
      ...rest,
      folder: folder && context.locate(folder).href,
      records: records && { ...records, file: context.locate(records.file).href },
    }),
});

/** How to come by it. */
const svhnDownload = component(Downloads, {
  name: "svhn",
  summary: "SVHN, 246 MB: the two official .mat files of cropped digits",
  reference: "Netzer et al., 2011",
  create: () => ({
    name: "svhn",
    terms: "SVHN (Netzer et al., 2011) is for non-commercial use: http://ufldl.stanford.edu/housenumbers/",
    files: Object.values(files).map(({ name }) => name),
    sources: [
      {
        name: "official",
        async *get(tools) {
          for (const { name, md5 } of Object.values(files)) {
            yield {
              file: name,
              bytes: await fetched(`http://ufldl.stanford.edu/housenumbers/${name}`, md5, tools),
            };
          }
        },
      },
    ],
  }),
});

export default [svhnComponent, svhnDownload];

/**
 * Labelled images in a folder of IDX files laid out as MNIST's are.
 *
 * @module
 */
import { type FiniteDataset, fromArrays, InputError } from "../../../core/mod.ts";
import { type ImageOptions, type Split, scalingOf } from "../options.ts";
import { readIdx } from "./read.ts";

/** Names of a split's two files. */
export interface SplitFiles {
  readonly images: readonly string[];
  readonly labels: readonly string[];
}

/** What is read, and how it is given out. */
export interface IdxImages extends ImageOptions {
  /** Name of the dataset. */
  readonly name: string;
  readonly folder: URL;
  /** Names of the split's files, where they are not the usual ones; there are then no held-out rows. */
  readonly files?: SplitFiles;
  /** A sentence that ends every message about a file. */
  readonly howToGet: string;
}

const PREFIX = { train: "train", test: "t10k" } as const;
/** The names that a split's files usually have: as published, as often renamed, and either gzipped. */
export function usualFiles(split: Split): SplitFiles {
  const spellings = (what: "images" | "labels", rank: number): string[] =>
    ["-", "."].flatMap((mark) => {
      const name = `${PREFIX[split]}-${what}${mark}idx${rank}-ubyte`;
      return [name, `${name}.gz`];
    });
  return { images: spellings("images", 3), labels: spellings("labels", 1) };
}

/**
 * Loads a split, `[height, width, 1]` a sample; the train split has the test split as its held-out rows.
 * @throws InputError where a file is missing, damaged, or does not agree with its companion, or a label is absent
 */
export async function idxImages(options: IdxImages): Promise<FiniteDataset> {
  const { name, folder, split, labels: wanted, range, howToGet, files = usualFiles(split) } = options;
  const read = (what: "images" | "labels", rank: number): ReturnType<typeof readIdx> =>
    readIdx({ what: `${what} of the ${split} split`, folder, names: files[what], rank, howToGet });
  const images = await read("images", 3);
  const labels = await read("labels", 1);
  const [count, height, width] = images.dimensions as [number, number, number];
  if (labels.values.length !== count) {
    throw new InputError(
      `${labels.path}: expected ${count} labels, one for each image in ${images.path}, found ${labels.values.length}. ${howToGet}`,
    );
  }
  const all = fromArrays({
    name,
    values: images.values,
    shape: [height, width, 1],
    labels: labels.values,
    ...scalingOf(range),
    ...(split === "train" &&
      options.files === undefined && {
        heldOut: () => idxImages({ ...options, split: "test", labels: undefined }),
      }),
  });
  return wanted === undefined ? all : all.only(wanted);
}

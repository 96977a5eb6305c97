/**
 * A folder of PNG and JPEG images, a folder in it for each class, as torchvision's ImageFolder has it.
 *
 * @module
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  component,
  Datasets,
  type FiniteDataset,
  fromArrays,
  InputError,
  inFolder,
  messageOf,
  parseOptions,
  path,
  z,
} from "../../../core/mod.ts";
import { imageShape, literal, placeOf, type Split, scalingOf } from "../options.ts";
import { type Channels, decoded, IMAGE, type Picture, withChannels } from "./decode.ts";

const options = z.strictObject({
  folder: path().describe(
    "The folder: a path, in a scenario from its file on. In it a folder of images for each class; or `train` and " +
      "`test` (or `val`), each with such folders; or images alone, which have no labels.",
  ),
  ...imageShape,
  classes: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "The classes' folders, in the order of their numbers; all of them in alphabetical order unless given. One may be " +
        "missing in train or in test, such as that of abnormal images in train.",
    ),
  channels: z
    .union([z.literal(1), z.literal(3)])
    .optional()
    .describe("Grey (1) or red, green and blue (3); grey unless a file has colours or is a JPEG."),
});

/** Options of {@link images}. */
export type ImagesOptions = z.input<typeof options>;

/** Names of the splits' folders. */
const SPLITS: Readonly<Record<Split, readonly string[]>> = { train: ["train"], test: ["test", "val"] };

/**
 * Images in folders, labelled by them, `[height, width, channels]` a sample; all of one size.
 * @param given folder: a relative path starts at the directory that the process runs in
 * @returns the rows, with the test split, if there is one, as held-out rows of the train split
 * @throws InputError where an option is out of its range, a folder is missing or empty, a file is damaged or of another
 *   size, or a label is absent
 * @example
 * ```ts no-run needs images
 * import { images } from "dsgan/datasets";
 *
 * const pets = await images({ folder: "./pets", range: "unit" });
 * console.log(pets.size, pets.shape, pets.classes);
 * ```
 */
export async function images(given: ImagesOptions): Promise<FiniteDataset> {
  const { folder, split, labels, ...rest } = parseOptions("images", options, given);
  const root = await folderAt(placeOf(folder));
  const all = await splitOf(root, split, rest);
  return labels === undefined ? all : all.only(labels);
}

interface Reading {
  readonly range: "symmetric" | "unit";
  readonly classes?: readonly string[] | undefined;
  readonly channels?: Channels | undefined;
  /** Of the split beside it, whose size they must have. */
  readonly like?: readonly [height: number, width: number, channels: Channels];
}

async function splitOf(root: URL, split: Split, reading: Reading): Promise<FiniteDataset> {
  const place = await placeOfSplit(root, split);
  const test = split === "train" && place !== root ? await placeOfSplit(root, "test") : undefined;
  const names = reading.classes ?? (await foldersIn(place));
  if (names.length === 0) return (await looseImages(place, reading)).data;
  const others = test === undefined ? [] : await foldersIn(test);
  if (reading.classes === undefined) requireNoOthers(place, names, others);
  const beside = test === undefined && reading.like !== undefined ? await placeOfSplit(root, "train") : test;
  const mayLack = beside === undefined ? [] : await foldersIn(beside);
  const has = await foldersIn(place);
  const filesOf = async (name: string): Promise<URL[]> =>
    !has.includes(name) && mayLack.includes(name) ? [] : await imagesIn(inFolder(place, name));
  const found = (await Promise.all(names.map(filesOf))).flatMap((paths, label) =>
    paths.map((path) => ({ path, label })),
  );
  if (found.length === 0) throw new InputError(`${fileURLToPath(place)}: has none of ${names.join(", ")}`);
  const { shape, values } = await together(found, reading.channels, reading.like);
  const like = { ...reading, classes: names, channels: shape[2], like: shape };
  const numbers = found.map(({ label }) => label);
  return fromArrays({
    ...{ name: "images", shape, values, classes: names.length, ...scalingOf(reading.range) },
    labels: names.length > 256 ? Int32Array.from(numbers) : Uint8Array.from(numbers),
    ...(test !== undefined && { heldOut: () => splitOf(root, "test", like) }),
  });
}

/** @throws InputError where test has classes that train lacks, and nobody says what they are */
function requireNoOthers(place: URL, names: readonly string[], inTest: readonly string[]): void {
  const others = inTest.filter((name) => !names.includes(name));
  if (others.length === 0) return;
  throw new InputError(
    `${fileURLToPath(place)}: has no folder ${others.join(", ")}, which test has. If these are classes too, give classes: ` +
      `[${[...names, ...others].map(literal).join(", ")}], and otherwise classes: [${names.map(literal).join(", ")}]`,
  );
}

/**
 * Images in a folder and below it, in alphabetical order, without labels.
 * @returns the rows, and the path of each within the folder
 * @throws InputError where there are none, or one is damaged or of another size
 */
export async function looseImages(
  folder: URL,
  { range, channels }: Pick<Reading, "range" | "channels">,
): Promise<{ readonly data: FiniteDataset; readonly files: readonly string[] }> {
  const found = (await imagesIn(folder)).map((path) => ({ path }));
  const { shape, values } = await together(found, channels);
  const from = fileURLToPath(folder).replace(/[\\/]$/, "").length + 1;
  return {
    data: fromArrays({ name: "images", shape, values, ...scalingOf(range) }),
    files: found.map(({ path }) => fileURLToPath(path).slice(from)),
  };
}

/** The split's folder; the folder itself where it has none of any split. @throws InputError where only this is missing */
async function placeOfSplit(root: URL, split: Split): Promise<URL> {
  const there = await foldersIn(root);
  const own = SPLITS[split].find((name) => there.includes(name));
  if (own !== undefined) return inFolder(root, own);
  if (split === "train" && !SPLITS.test.some((name) => there.includes(name))) return root;
  const wanted = SPLITS[split].join(" or ");
  throw new InputError(`${fileURLToPath(root)}: has no folder ${wanted}; it has ${there.join(", ")}`);
}

async function folderAt(url: URL): Promise<URL> {
  if (url.protocol !== "file:")
    throw new InputError(`dataset "images": ${url.href} is no folder on this machine`);
  try {
    if ((await stat(url)).isDirectory()) return url;
  } catch {
    throw new InputError(`${fileURLToPath(url)}: there is no such folder`);
  }
  throw new InputError(`${fileURLToPath(url)}: is no folder`);
}

/** Names of the folders in a folder, in alphabetical order. */
async function foldersIn(folder: URL): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  const kinds = await Promise.all(names.map((name) => stat(inFolder(folder, name))));
  return names.filter((_, i) => kinds[i]!.isDirectory());
}

/** Images in a class' folder and below it, in alphabetical order. @throws InputError where there are none */
async function imagesIn(folder: URL): Promise<URL[]> {
  const names = (await readdir(await folderAt(folder), { recursive: true }))
    .filter((name) => IMAGE.test(name))
    .sort();
  if (names.length > 0) return names.map((name) => inFolder(folder, name));
  throw new InputError(`${fileURLToPath(folder)}: has no PNG or JPEG images`);
}

async function read(path: URL): Promise<Picture> {
  const bytes = await readFile(path);
  try {
    return decoded(bytes);
  } catch (cause) {
    throw new InputError(`${fileURLToPath(path)}: ${messageOf(cause)}`, { cause });
  }
}

/** All images as one array. @throws InputError naming the first that is damaged, or has another size */
async function together(
  found: readonly { readonly path: URL }[],
  wanted: Channels | undefined,
  like?: Reading["like"],
): Promise<{ shape: [number, number, Channels]; values: Uint8Array }> {
  const pictures = await Promise.all(found.map(({ path }) => read(path)));
  const [height, width] = like ?? [pictures[0]!.height, pictures[0]!.width];
  const other = pictures.findIndex((picture) => picture.width !== width || picture.height !== height);
  if (other >= 0) {
    const { path } = found[other]!;
    const example = like === undefined ? fileURLToPath(found[0]!.path) : "train";
    throw new InputError(
      `${fileURLToPath(path)}: expected ${width} × ${height} pixels as in ${example}, found ` +
        `${pictures[other]!.width} × ${pictures[other]!.height}: bring all images to one size`,
    );
  }
  const channels = wanted ?? (pictures.every((picture) => picture.channels === 1) ? 1 : 3);
  const size = width * height * channels;
  const values = new Uint8Array(pictures.length * size);
  for (const [i, picture] of pictures.entries()) values.set(withChannels(picture, channels).data, i * size);
  return { shape: [height, width, channels], values };
}

/** A scenario names it `{ use: images, folder: ./pets }`. */
export default component(Datasets, {
  name: "images",
  summary: "A folder of PNG and JPEG images, with a folder for each class or without labels",
  options,
  create: (given, context) => images({ ...given, folder: context.locate(given.folder).href }),
});

/**
 * Options that datasets share.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { locate, type Range, z } from "../../core/mod.ts";

/** The options of datasets of labelled images, for their schemas to take in. */
export const imageShape = {
  split: z
    .enum(["train", "test"])
    .default("train")
    .describe("Which part of the data; the train split has the test split as its held-out rows."),
  labels: z
    .array(z.int().min(0))
    .min(1)
    .optional()
    .describe("Keeps the images of these classes only; all of them unless given."),
  range: z
    .enum(["symmetric", "unit"])
    .default("symmetric")
    .describe("Values of the pixels: symmetric in [−1, 1], as tanh gives them, unit in [0, 1]."),
};

/** The options of {@link imageShape}, checked. */
export type ImageOptions = z.output<z.ZodObject<typeof imageShape>>;

/** Which part of the data. */
export type Split = ImageOptions["split"];

const SCALING: Record<ImageOptions["range"], { scale: number; shift: number; range: Range }> = {
  unit: { scale: 1 / 255, shift: 0, range: [0, 1] },
  symmetric: { scale: 2 / 255, shift: -1, range: [-1, 1] },
};

/** How bytes become the values of a range. */
export function scalingOf(range: ImageOptions["range"]): { scale: number; shift: number; range: Range } {
  return SCALING[range];
}

/** The place of a file or a folder. A program's relative paths start at the directory that the process runs in. */
export function placeOf(path: string): URL {
  return locate(path, pathToFileURL(`${process.cwd()}/`));
}

/** How messages call a file. */
export function readableName(url: URL): string {
  return url.protocol === "file:" ? fileURLToPath(url) : url.href;
}

/** A value as a message writes it: a plain word as it is, all else as JSON. */
export function literal(value: unknown): string {
  const isWord = typeof value === "string" && /^(?!(true|false|null)$)[A-Za-z]\w*$/.test(value);
  return isWord ? value : JSON.stringify(value);
}

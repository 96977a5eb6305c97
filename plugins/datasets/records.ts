/**
 * Files of records in the layout of CIFAR-10's binary version: a label byte, then 1024 bytes each of red, green and blue,
 * row by row. A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { InputError, messageOf } from "../../core/mod.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;
/** Bytes of a record. */
export const RECORD: number = 1 + 3 * PLANE;

/** Shape of a sample. */
export const SHAPE: readonly number[] = [SIDE, SIDE, 3];

/** Images and what they show. */
export interface LabeledImages {
  /** `[n, 32, 32, 3]` row by row. */
  readonly values: Uint8Array;
  /** `[n]` */
  readonly labels: Uint8Array;
}

/**
 * Takes records apart.
 * @param classes labels must be below it
 * @throws Error saying what was expected and what was found
 */
export function parseRecords(bytes: Uint8Array, classes: number): LabeledImages {
  const n = bytes.length / RECORD;
  if (n === 0 || !Number.isInteger(n)) {
    throw new Error(`expected whole records of ${RECORD} bytes, found ${bytes.length} bytes`);
  }
  const labels = new Uint8Array(n);
  const values = new Uint8Array(n * 3 * PLANE);
  for (let i = 0; i < n; i++) {
    const from = i * RECORD;
    labels[i] = bytes[from]!;
    if (labels[i]! >= classes) {
      throw new Error(`expected labels 0 to ${classes - 1}, found ${labels[i]} in record ${i}`);
    }
    for (let j = 0; j < PLANE; j++) {
      const to = (i * PLANE + j) * 3;
      values[to] = bytes[from + 1 + j]!;
      values[to + 1] = bytes[from + 1 + PLANE + j]!;
      values[to + 2] = bytes[from + 1 + 2 * PLANE + j]!;
    }
  }
  return { values, labels };
}

/** Puts records together: the inverse of {@link parseRecords}. */
export function toRecords({ values, labels }: LabeledImages): Uint8Array {
  const bytes = new Uint8Array(labels.length * RECORD);
  labels.forEach((label, i) => {
    bytes[i * RECORD] = label;
    for (let j = 0; j < PLANE; j++) {
      for (let c = 0; c < 3; c++) bytes[i * RECORD + 1 + c * PLANE + j] = values[(i * PLANE + j) * 3 + c]!;
    }
  });
  return bytes;
}

/** Several sets as one. */
export function joined(parts: readonly LabeledImages[]): LabeledImages {
  const all = (pick: (part: LabeledImages) => Uint8Array): Uint8Array => {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + pick(part).length, 0));
    let offset = 0;
    for (const part of parts) {
      out.set(pick(part), offset);
      offset += pick(part).length;
    }
    return out;
  };
  return { values: all(({ values }) => values), labels: all(({ labels }) => labels) };
}

/**
 * Reads a file, gzipped or not, and takes it apart.
 * @param howToGet a sentence that ends every message about it
 * @throws InputError naming the file, what was expected, what was found and how to get it
 */
export async function readImages(
  url: URL,
  parse: (bytes: Uint8Array) => LabeledImages,
  howToGet: string,
): Promise<LabeledImages> {
  const path = url.protocol === "file:" ? fileURLToPath(url) : url.href;
  try {
    const bytes = await readFile(url);
    return parse(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    const why = code === "ENOENT" || code === "ENOTDIR" ? "there is no such file" : messageOf(cause);
    throw new InputError(`${path}: ${why}. ${howToGet}`, { cause });
  }
}

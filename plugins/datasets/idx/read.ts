/**
 * Reading IDX files from disk, gzipped or not.
 *
 * @module
 */
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { InputError, inFolder, messageOf } from "../../../core/mod.ts";
import { type Idx, parseIdx } from "./format.ts";

/** A file that is looked for under several names. */
export interface IdxFile {
  /** What it holds, for messages, e.g. `images of the train split`. */
  readonly what: string;
  readonly folder: URL;
  /** Names that it may have, the likeliest first. */
  readonly names: readonly string[];
  /** Number of dimensions. */
  readonly rank: number;
  /** How to come by it: a sentence that ends every message about it. */
  readonly howToGet: string;
}

/** Files read in this process, by location, time of change and size: two datasets of one folder share its bytes. */
const read = new Map<string, Idx>();

/**
 * Reads the first file there is; gzip is recognised by content.
 * @throws InputError naming the file, what was expected, what was found and how to get it
 */
export async function readIdx(file: IdxFile): Promise<Idx & { readonly path: string }> {
  for (const name of file.names) {
    const url = inFolder(file.folder, name);
    const path = shownPath(url);
    try {
      const { mtimeMs, size } = await stat(url);
      const id = `${url.href} ${mtimeMs} ${size} ${file.rank}`;
      const idx = read.get(id) ?? parseIdx(unpacked(await readFile(url)), file.rank);
      read.set(id, idx);
      return { ...idx, path };
    } catch (cause) {
      if (isAbsent(cause)) continue;
      throw new InputError(`${path} (${file.what}): ${messageOf(cause)}. ${file.howToGet}`, { cause });
    }
  }
  const tried = file.names.join(", ");
  throw new InputError(
    `no ${file.what} in ${shownPath(file.folder)}: found none of ${tried}. ${file.howToGet}`,
  );
}

function unpacked(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    throw new Error(`expected ${bytes.length} bytes of sound gzip, found damage: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "ENOENT" || code === "ENOTDIR";
}

/** A location as people write it. */
function shownPath(url: URL): string {
  return url.protocol === "file:" ? fileURLToPath(url) : url.href;
}

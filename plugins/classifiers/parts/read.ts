/**
 * Files of models.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { InputError, locate, messageOf, sha256 } from "../../../core/mod.ts";

/** The location that a program means: a path from the working directory, or a URL. */
export function locationOf(place: string | URL): URL {
  return locate(String(place), pathToFileURL(`${process.cwd()}/`));
}

/** How a location is called in messages. */
export function pathOf(url: URL): string {
  return url.protocol === "file:" ? fileURLToPath(url) : url.href;
}

/** The bytes at a location. @throws InputError where there are none */
export async function bytesAt(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if (url.protocol === "file:") return new Uint8Array(await readFile(url));
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    const absent = (cause as { code?: unknown }).code === "ENOENT";
    throw new InputError(`${pathOf(url)}: ${absent ? "there is no such file" : messageOf(cause)}`, { cause });
  }
}

/** Reads the files of one model, and keeps their hashes. */
export interface Files {
  /** The bytes at a location. @throws InputError where there are none */
  read(url: URL): Promise<Uint8Array<ArrayBuffer>>;
  /** SHA-256 of what was read, by the names of the files. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** A reader of the files of a model. */
export function files(): Files {
  const hashes: Record<string, string> = {};
  return {
    hashes,
    async read(url) {
      const bytes = await bytesAt(url);
      hashes[decodeURIComponent(url.pathname.split("/").at(-1)!)] = await sha256(bytes);
      return bytes;
    },
  };
}

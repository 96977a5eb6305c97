/**
 * Where downloaded data are kept: `DSGAN_DATA`, or `~/.cache/dsgan-data`; a folder for each name.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { DownloadTools } from "../../core/mod.ts";

/** The folder of the data of a name. */
export function cacheFolder(name: string): URL {
  const root = process.env.DSGAN_DATA ?? join(homedir(), ".cache", "dsgan-data");
  return pathToFileURL(`${resolve(root, name)}/`);
}

/** The MD5 of bytes, in hexadecimal digits: what the publishers of these data give. */
export function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** @throws Error where bytes are not those of an MD5 */
export function mustBe(expected: string, bytes: Uint8Array, what: string): void {
  const found = md5(bytes);
  if (found !== expected) {
    throw new Error(
      `${what}: expected MD5 ${expected}, found ${found} (${bytes.length} bytes): it is damaged or another file`,
    );
  }
}

/** Fetches a file and checks it. @throws Error saying what the server answered, or that the file is another one */
export async function fetched(
  url: string,
  expected: string,
  { fetch, tell, signal }: DownloadTools,
): Promise<Uint8Array> {
  tell(`fetching ${url}`);
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url}: the server answered ${response.status} ${response.statusText}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  mustBe(expected, bytes, url);
  return bytes;
}

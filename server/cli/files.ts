/**
 * Files that commands write where the user says.
 *
 * @module
 */
import { existsSync, mkdirSync } from "node:fs";
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError, messageOf } from "../../core/plugin/errors.ts";

/** Makes a folder and those above it. (Node's own `recursive` never ends in /proc.) */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** A file being written. */
export interface Draft {
  append(data: Uint8Array): Promise<void>;
  /** All that was written, as the disk has it. */
  readBack(): Promise<Uint8Array>;
}

/**
 * Writes a file whole or not at all: what was there before stays until the new one is complete.
 * @param write fills it; where that throws there is no file
 * @returns its size in bytes
 * @throws InputError where the system refuses
 */
export async function writeWhole(path: string, write: (draft: Draft) => Promise<void>): Promise<number> {
  const full = resolve(path);
  const aside = join(dirname(full), `.${basename(full)}.${process.pid}.tmp`);
  const refused = (error: unknown): InputError =>
    new InputError(`cannot write ${path}: ${reasonOf(error)}. Choose another place with --out`, {
      cause: error,
    });
  const attempt = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw refused(error);
    }
  };

  const handle: FileHandle = await attempt(async () => {
    makeFolder(dirname(full));
    if (existsSync(full)) await (await open(full, "r+")).close(); // a folder, or a file that must not be replaced
    return await open(aside, "w");
  });
  let bytes = 0;
  try {
    await write({
      async append(data) {
        await attempt(() => handle.writeFile(data));
        bytes += data.byteLength;
      },
      readBack: () => attempt(() => readFile(aside)),
    });
    await attempt(async () => {
      await handle.sync();
      await handle.close();
      await rename(aside, full);
    });
    return bytes;
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(aside, { force: true });
    throw error;
  }
}

/** The system's reason without code and call: `permission denied` of `EACCES: permission denied, open '…'`. */
function reasonOf(error: unknown): string {
  return /^[A-Z0-9]+: ([^,]+)/.exec(messageOf(error))?.[1] ?? messageOf(error);
}

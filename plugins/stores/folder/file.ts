/**
 * Files of a run's folder. None is read that lies outside of it.
 *
 * @module
 */
import type { BigIntStats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { checkRunPath, InputError, RUN_FILES, RunError, type RunFile } from "../../../core/mod.ts";
import { codeOf, reasonOf } from "./reason.ts";

/** Bytes read at a time. */
const PIECE = 1 << 18;

/**
 * Does something with a file of a run.
 * @param location the run's folder
 * @param act is given where the file lies
 * @throws InputError where there is none, or it cannot be read
 */
export async function withFile<T>(
  id: string,
  location: string,
  path: string,
  act: (file: string) => Promise<T>,
): Promise<T> {
  checkRunPath(path);
  try {
    const file = await realpath(join(location, path));
    if (!file.startsWith((await realpath(location)) + sep)) {
      throw new InputError(`run ${id}: ${JSON.stringify(path)} is a link to outside the run`);
    }
    return await act(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(codeOf(error) ?? "")) {
      throw new InputError(`run ${id} has no file ${JSON.stringify(path)}`, { cause: error });
    }
    throw new InputError(`run ${id}: cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** A file of a run, see `RunReader.file`. It is open only while it is read. */
export async function fileOf(id: string, location: string, path: string): Promise<RunFile> {
  const { file, ino, size, version } = await withFile(id, location, path, async (file) => {
    const stats = await stat(file, BIG);
    if (!stats.isFile()) throw new InputError(`run ${id} has no file ${JSON.stringify(path)}`);
    return { file, ino: stats.ino, ...markOf(stats) };
  });
  return {
    size,
    version,
    async *pieces(start = 0, end = size) {
      const handle = await open(file, "r").catch((error) => {
        throw new RunError(`run ${id}: cannot read ${path}: ${reasonOf(error)}`, { cause: error });
      });
      try {
        const now = await handle.stat(BIG);
        const isSame = path === RUN_FILES.events ? now.ino === ino : markOf(now).version === version; // a log grows
        if (!isSame) throw replaced(id, path);
        yield* read(handle, start, Math.min(end, size), () => replaced(id, path));
      } finally {
        await handle.close();
      }
    },
  };
}

const BIG = { bigint: true } as const;

/** The size of a file, and what tells it from others that stand or stood in its place. */
function markOf({ ino, size, mtimeNs }: BigIntStats): { readonly size: number; readonly version: string } {
  return { size: Number(size), version: [ino, size, mtimeNs].map((part) => part.toString(36)).join("-") };
}

async function* read(
  handle: FileHandle,
  start: number,
  end: number,
  shorter: () => RunError,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const wanted = Math.min(PIECE, end - at);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at);
    if (bytesRead === 0) throw shorter();
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function replaced(id: string, path: string): RunError {
  return new RunError(`run ${id}: ${path} was replaced while it was read`);
}

/**
 * A run read from its folder, while it is written or after.
 *
 * @module
 */
import { readdir, readFile, realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import {
  checkRunPath,
  InputError,
  messageOf,
  RUN_FILES,
  type RunEvent,
  type RunReader,
  type RunResult,
} from "../../../core/mod.ts";
import { LOCK, ownerOf } from "./lock.ts";
import { codeOf, reasonOf } from "./reason.ts";
import { isUnfinished } from "./writer.ts";

/** @param location the run's folder */
export function readerOf(id: string, location: string): RunReader {
  const read = async (path: string): Promise<Uint8Array> => {
    checkRunPath(path);
    try {
      const file = await realpath(join(location, path));
      if (!file.startsWith((await realpath(location)) + sep)) {
        throw new InputError(`run ${id}: ${JSON.stringify(path)} is a link to outside the run`);
      }
      return await readFile(file);
    } catch (error) {
      if (error instanceof InputError) throw error;
      if (["ENOENT", "ENOTDIR", "EISDIR"].includes(codeOf(error) ?? "")) {
        throw new InputError(`run ${id} has no file ${JSON.stringify(path)}`, { cause: error });
      }
      throw new InputError(`run ${id}: cannot read ${path}: ${reasonOf(error)}`, { cause: error });
    }
  };

  return {
    id,
    read,
    owner: () => ownerOf(location),
    async files(prefix) {
      const entries = await readdir(location, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && !isUnfinished(entry.name) && entry.name !== LOCK)
        .map((entry) => relative(location, join(entry.parentPath, entry.name)).split(sep).join("/"))
        .filter((path) => path.startsWith(prefix))
        .sort();
    },
    async events(since = 0) {
      const lines = text(await read(RUN_FILES.events)).split("\n");
      lines.pop(); // what follows the last newline is still being written, or was torn by a crash
      return lines
        .map((line, i) => parsed<RunEvent>(line, `${join(location, RUN_FILES.events)}:${i + 1}`))
        .filter(({ seq }) => seq > since);
    },
    async result() {
      let data: Uint8Array;
      try {
        data = await read(RUN_FILES.result);
      } catch (error) {
        if (codeOf((error as Error).cause) === "ENOENT") return undefined;
        throw error;
      }
      return parsed<RunResult>(text(data), join(location, RUN_FILES.result));
    },
  };
}

function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

function parsed<T>(json: string, where: string): T {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new InputError(`${where}: damaged, not JSON: ${messageOf(error)}`, { cause: error });
  }
}

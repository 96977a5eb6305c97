/**
 * A run read from its folder, while it is written or after.
 *
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import {
  InputError,
  type Machine,
  messageOf,
  RUN_FILES,
  type RunEvent,
  type RunReader,
  type RunResult,
} from "../../../core/mod.ts";
import { BIRTH } from "./birth.ts";
import { fileOf, withFile } from "./file.ts";
import { logOf } from "./log.ts";
import { codeOf } from "./reason.ts";
import { LEASES, ownerOf } from "./standing.ts";

/** @param location the run's folder */
export function readerOf(id: string, location: string, machine: Machine): RunReader {
  const read = (path: string): Promise<Uint8Array> =>
    withFile(id, location, path, async (file) => await readFile(file));
  const log = logOf(join(location, RUN_FILES.events));
  return {
    id,
    location,
    folder: location,
    read,
    file: (path) => fileOf(id, location, path),
    owner: async () => ownerOf(location, machine),
    async files(prefix) {
      const entries = await readdir(location, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(location, join(entry.parentPath, entry.name)).split(sep).join("/"))
        .filter((path) => path.startsWith(prefix) && path !== BIRTH && !path.startsWith(`${LEASES}/`))
        .sort();
    },
    async events(since = 0, limit = Infinity) {
      const events: RunEvent[] = [];
      for await (const piece of log.lines(since)) {
        for (const line of piece.slice(0, -1).split("\n")) {
          if (events.length >= limit) return events;
          // Events are numbered from 1, so that each stands on the line of its number.
          const where = `${join(location, RUN_FILES.events)}:${since + events.length + 1}`;
          events.push(parsed<RunEvent>(line, where));
        }
      }
      return events;
    },
    lines: (since = 0) => log.lines(since),
    extent: log.extent,
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

/**
 * Runs kept on disk, one folder each:
 * `<folder>/<id>/{scenario.yaml, environment.json, events.ndjson, result.json, artifacts/}`.
 *
 * @module
 */
import { mkdir, open, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Component, component, InputError, RUN_FILES, type Store, z } from "../../../core/mod.ts";
import { lock } from "./lock.ts";
import { readerOf } from "./reader.ts";
import { codeOf, reasonOf } from "./reason.ts";
import { isUnfinished, writerOf } from "./writer.ts";

/** Options of {@link folderStore}. */
export interface FolderOptions {
  /** Where runs are kept: relative to the directory the process runs in. Made where it is not there. */
  readonly folder: string;
}

/** `<scenario>-<yyyymmdd>-<hhmmss>-<4 hex>`; what is caught says when. */
const ID = /^[a-z0-9][a-z0-9._-]*-(\d{8}-\d{6}-[0-9a-f]{4})$/i;

/** A store of the runs in a folder. */
export function folderStore({ folder }: FolderOptions): Store {
  const root = resolve(folder);
  const refused = (error: unknown): InputError =>
    new InputError(
      `cannot keep runs in ${root}: ${reasonOf(error)}. Choose a folder that can be written with --runs <dir>`,
      { cause: error },
    );

  /** The folder of a run. */
  const there = async (id: string): Promise<string> => {
    const location = join(root, id);
    if (ID.test(id) && (await stat(location).catch(() => undefined))?.isDirectory()) return location;
    throw new InputError(
      `no run ${JSON.stringify(id)} in ${root}; \`dsgan list runs\` shows those there are`,
    );
  };

  return {
    name: "folder",
    async create(scenario) {
      try {
        await makeFolder(root);
      } catch (error) {
        throw refused(error);
      }
      for (;;) {
        const id = `${scenario}-${moment(performance.timeOrigin + performance.now())}`;
        if (!ID.test(id)) throw new InputError(`${JSON.stringify(scenario)} cannot name a run's folder`);
        const location = join(root, id);
        try {
          await mkdir(location);
          const release = await lock(id, location);
          return await writerOf(id, location, await open(join(location, RUN_FILES.events), "ax"), release);
        } catch (error) {
          if (codeOf(error) !== "EEXIST") throw refused(error);
        }
      }
    },
    async resume(id) {
      const location = await there(id);
      const release = await lock(id, location);
      try {
        await dropUnfinished(location);
        const events = await open(join(location, RUN_FILES.events), "a");
        return await writerOf(id, location, events, release);
      } catch (error) {
        await release();
        throw error instanceof InputError ? error : refused(error);
      }
    },
    async list() {
      try {
        const entries = await readdir(root, { withFileTypes: true });
        return entries
          .filter((entry) => entry.isDirectory() && ID.test(entry.name))
          .map((entry) => entry.name)
          .sort((a, b) => whenOf(b).localeCompare(whenOf(a)));
      } catch (error) {
        if (codeOf(error) === "ENOENT") return []; // nothing was ever run
        throw new InputError(`cannot read the runs in ${root}: ${reasonOf(error)}`, { cause: error });
      }
    },
    open: async (id) => readerOf(id, await there(id)),
  };
}

/**
 * Drops what a crash has left half done: an event without its end, files without their name.
 * @throws InputError where the log is damaged elsewhere
 */
async function dropUnfinished(location: string): Promise<void> {
  const log = join(location, RUN_FILES.events);
  const bytes = await readFile(log);
  const whole = bytes.lastIndexOf(0x0a) + 1;
  if (whole < bytes.length) await truncate(log, whole);
  for (const path of await readdir(location, { recursive: true })) {
    if (isUnfinished(path)) await rm(join(location, path), { force: true });
  }
}

/** Makes a folder and those above it. (Node's own recursive mkdir never returns where /proc refuses one.) */
async function makeFolder(folder: string): Promise<void> {
  const make = async (): Promise<void> => {
    await mkdir(folder).catch((error) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  };
  await make().catch(async (error) => {
    if (codeOf(error) !== "ENOENT" || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await make();
  });
}

/** `20261122-104501-8f3a`, UTC; the last part is the fraction of the second in 65536ths, so names sort by time. */
function moment(milliseconds: number): string {
  const [day, time] = new Date(milliseconds).toISOString().split("T") as [string, string];
  const fraction = Math.floor((milliseconds % 1000) * 65.536);
  const hex = fraction.toString(16).padStart(4, "0");
  return `${day.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${hex}`;
}

function whenOf(id: string): string {
  return ID.exec(id)![1]!;
}

/** How it is named: `{ use: folder, folder: runs }`. */
export const folderComponent: Component<Store> = component({
  name: "folder",
  summary: "Keeps each run in a folder of its own (default)",
  options: () =>
    z.strictObject({
      folder: z
        .string()
        .min(1)
        .default("runs")
        .describe("Where runs are kept; relative to the directory the process runs in."),
    }),
  create: folderStore,
});

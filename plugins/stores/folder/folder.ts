/**
 * Runs kept on disk, one folder each:
 * `<folder>/<id>/{scenario.yaml, environment.json, events.ndjson, result.json, artifacts/}`.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { component, InputError, parseOptions, RUN_FILES, type Store, Stores, z } from "../../../core/mod.ts";
import { glanceAt } from "./glance.ts";
import { isBeingTried, LOCK, lock, ownerOf } from "./lock.ts";
import { readerOf } from "./reader.ts";
import { codeOf, reasonOf } from "./reason.ts";
import { isReserve, isUnfinished, setAside, writerOf } from "./writer.ts";

const options = z.strictObject({
  folder: z
    .string()
    .min(1)
    .default("runs")
    .describe(
      "Where runs are kept, relative to the directory the process runs in (not to the scenario); made where it is not there.",
    ),
});

/** Options of {@link folderStore}. */
export type FolderOptions = z.input<typeof options>;

/** `<scenario>-<yyyymmdd>-<hhmmss>-<4 hex>`; what is caught is the scenario, and when. */
const ID = /^([a-z0-9][a-z0-9._-]*)-(\d{8}-\d{6}-[0-9a-f]{4})$/i;

/**
 * A store of the runs in a folder, which several processes may share. Its methods throw an InputError where the folder
 * cannot be read or written, or there is no such run; what a writer cannot write is a RunError.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { folderStore } from "dsgan/stores";
 *
 * const folder = await mkdtemp("runs-");
 * const writer = await folderStore({ folder }).create("demo");
 * await writer.close();
 * console.log(writer.id); // demo-20261122-104501-8f3a: the scenario, and when the run began
 * await rm(folder, { recursive: true });
 * ```
 */
export function folderStore(given: FolderOptions = {}): Store {
  const { folder } = parseOptions("folder", options, given);
  const root = resolve(folder);
  const refused = (error: unknown): InputError =>
    new InputError(
      `cannot keep runs in ${root}: ${reasonOf(error)}. ${codeOf(error) === "ENOSPC" ? "Make room, or choose" : "Choose"} a folder that can be written with --runs <dir>`,
      { cause: error },
    );

  const absent = (id: string): InputError =>
    new InputError(`no run ${JSON.stringify(id)} in ${root}; \`dsgan list runs\` shows those there are`);
  /** The folder of a run. */
  const there = async (id: string): Promise<string> => {
    const location = join(root, id);
    if (ID.test(id) && (await stat(location).catch(() => undefined))?.isDirectory()) return location;
    throw absent(id);
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
        } catch (error) {
          if (codeOf(error) === "EEXIST") continue;
          throw refused(error);
        }
        try {
          const release = await lock(id, location);
          await setAside(location);
          return await writerOf(id, location, await open(join(location, RUN_FILES.events), "ax"), release);
        } catch (error) {
          await rm(location, { recursive: true, force: true }).catch(() => {}); // nothing has begun in it
          throw refused(error);
        }
      }
    },
    async resume(id) {
      const location = await there(id);
      const release = await lock(id, location).catch((error) => {
        throw error instanceof InputError ? error : refused(error);
      });
      try {
        await dropUnfinished(location);
        await setAside(location).catch(() => {}); // what is left may do, to say that it failed
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
        const runs = entries.flatMap((entry) => {
          const when = entry.isDirectory() ? ID.exec(entry.name)?.[2] : undefined;
          return when === undefined ? [] : [{ name: entry.name, when }];
        });
        runs.sort((a, b) => (a.when < b.when ? 1 : a.when > b.when ? -1 : 0));
        return runs.map(({ name }) => name);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return []; // nothing was ever run
        throw new InputError(`cannot read the runs in ${root}: ${reasonOf(error)}`, { cause: error });
      }
    },
    async glance(id) {
      const [, scenario, when] = ID.exec(id) ?? [];
      const location = join(root, id);
      if (scenario === undefined) throw absent(id);
      const live = existsSync(join(location, LOCK)) && (await ownerOf(location)) !== undefined;
      const glance = glanceAt(id, location, { scenario, began: dateOf(when!), live });
      if (glance !== undefined) return glance;
      throw absent(id);
    },
    open: async (id) => readerOf(id, await there(id)),
    elsewhere: (location) => folderStore({ folder: location }),
  };
}

/**
 * Drops what a crash has left half done: an event without its end, files without their name.
 * @throws InputError where the log is damaged elsewhere
 */
async function dropUnfinished(location: string): Promise<void> {
  const log = join(location, RUN_FILES.events);
  const bytes = await readFile(log).catch((error) => {
    if (codeOf(error) === "ENOENT") return Buffer.alloc(0); // it died before its first event
    throw error;
  });
  const whole = bytes.lastIndexOf(0x0a) + 1;
  if (whole < bytes.length) await truncate(log, whole);
  for (const path of await readdir(location, { recursive: true })) {
    if (!isUnfinished(path) || isReserve(path) || isBeingTried(path)) continue;
    await rm(join(location, path), { force: true });
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

/** The other way round: `2026-11-22T10:45:01.560Z` of `20261122-104501-8f3a`. */
function dateOf(when: string): string {
  const [, date, time, fraction] = /^(\d{8})-(\d{6})-(.*)$/.exec(when)!;
  const milliseconds = String(Math.floor(Number.parseInt(fraction!, 16) / 65.536)).padStart(3, "0");
  const split = (digits: string, by: string): string => digits.replace(/(..)(..)$/, `${by}$1${by}$2`);
  return `${split(date!, "-")}T${split(time!, ":")}.${milliseconds}Z`;
}

/** Named `{ use: folder, folder: runs }`. */
export default component(Stores, {
  name: "folder",
  summary: "Keeps each run in a folder of its own (default)",
  options,
  create: folderStore,
});

/**
 * Runs kept on disk, one folder each:
 * `<folder>/<id>/{run.json, scenario.yaml, environment.json, events.ndjson, result.json, artifacts/, lease/}`.
 *
 * @module
 */
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  checkRunId,
  component,
  InputError,
  isRunId,
  LEASE_MS,
  type Machine,
  messageOf,
  parseOptions,
  RUN_FILES,
  RunExists,
  RunLost,
  type RunWriter,
  type Store,
  Stores,
  schemeOf,
  thisMachine,
  z,
} from "../../../core/mod.ts";
import { moment } from "../moment.ts";
import { BIRTH, preciselyAt } from "./birth.ts";
import { catalogueOf } from "./catalogue.ts";
import { firstLease, heldLease, type LeaseOptions, take } from "./lease.ts";
import { readerOf } from "./reader.ts";
import { codeOf, reasonOf } from "./reason.ts";
import { LEASES, ownerOf } from "./standing.ts";
import { openLogOf, setAside, writerOf } from "./writer.ts";

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

/** Who uses a store, and how: tests alone need others than the defaults. */
export interface LeaseSetting {
  /** The machine that it is used on. */
  readonly machine?: Machine;
  /** Milliseconds that a lease lasts unless it is renewed. */
  readonly lease?: number;
}

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
export function folderStore(
  given: FolderOptions = {},
  { machine = thisMachine, lease: length = LEASE_MS }: LeaseSetting = {},
): Store {
  const { folder } = parseOptions("folder", options, given);
  const root = resolve(folder);
  const leasing: LeaseOptions = { machine, lease: length };
  const catalogue = catalogueOf(root, machine);
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
    if (isRunId(id) && (await stat(location).catch(() => undefined))?.isDirectory()) return location;
    throw absent(id);
  };

  /** Begins a run of an id. @returns undefined where there is one already */
  const begin = async (id: string, scenario: string, began: string): Promise<RunWriter | undefined> => {
    const location = join(root, id);
    // Made aside, with all that a run has from its beginning: nobody finds half a run, and of several one gets the name.
    const aside = await mkdtemp(join(root, `.${id.slice(0, 50)}-`));
    try {
      await firstLease(aside, leasing);
      await setAside(join(aside, LEASES, "1"));
      await writeFile(join(aside, BIRTH), `${JSON.stringify({ scenario, began })}\n`);
      await writeFile(join(aside, RUN_FILES.events), "");
      await rename(aside, location);
    } catch (error) {
      await rm(aside, { recursive: true, force: true }).catch(() => {});
      if (await stat(location).catch(() => undefined)) return undefined;
      throw error;
    }
    const lease = heldLease(id, location, 1, leasing);
    return await writerOf(id, location, await openLogOf(location, lease, true), lease);
  };

  return {
    name: "folder",
    async create(scenario, { id, began } = {}) {
      if (id !== undefined) checkRunId(id);
      try {
        await makeFolder(root);
        for (;;) {
          const name = id ?? checkRunId(`${checkRunId(scenario)}-${moment(machine.now())}`);
          const writer = await begin(name, scenario, began ?? preciselyAt(machine.now()));
          if (writer !== undefined) return writer;
          if (id !== undefined) throw new RunExists(id);
        }
      } catch (error) {
        throw error instanceof InputError ? error : refused(error);
      }
    },
    async resume(id, { gone } = {}) {
      const location = await there(id);
      try {
        const { lease, isWhole } = await take(id, location, leasing, gone);
        try {
          await setAside(lease.folder).catch(() => {}); // what is left may do, to say that it failed
          return await writerOf(id, location, await openLogOf(location, lease, isWhole), lease);
        } catch (error) {
          await lease.release(false);
          throw error;
        }
      } catch (error) {
        if (error instanceof RunLost) throw new InputError(error.message, { cause: error });
        throw error instanceof InputError ? error : refused(error);
      }
    },
    async list() {
      try {
        return [...catalogue.names()];
      } catch (error) {
        if (codeOf(error) === "ENOENT") return []; // nothing was ever run
        throw new InputError(`cannot read the runs in ${root}: ${reasonOf(error)}`, { cause: error });
      }
    },
    async glance(id) {
      const glance = isRunId(id) ? catalogue.glance(id) : undefined;
      if (glance !== undefined) return glance;
      throw absent(id);
    },
    open: async (id) => readerOf(id, await there(id), machine),
    async remove(id, { force = false } = {}) {
      const location = await there(id);
      const owner = force ? undefined : ownerOf(location, machine);
      if (owner !== undefined) {
        throw new InputError(
          `run ${id} is being written by process ${owner.pid} on ${owner.host}. Stop that one first`,
        );
      }
      const aside = await mkdtemp(join(root, `.${id.slice(0, 50)}-`)).catch((error) =>
        Promise.reject(refused(error)),
      );
      try {
        // Moved first: whoever writes it loses it at once. Of a link the link alone is removed.
        await rename(location, join(aside, "run"));
      } catch (error) {
        throw new InputError(`cannot remove ${location}: ${reasonOf(error)}`, { cause: error });
      } finally {
        await rm(aside, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  };
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

/** @throws InputError for a URL that names no path here, such as one with a host */
function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new InputError(`${url}: ${messageOf(error)}`, { cause: error });
  }
}

/** Named `{ use: folder, folder: runs }`. */
export default component(Stores, {
  name: "folder",
  summary: "Keeps each run in a folder of its own (default)",
  location: {
    schemes: ["", "file"],
    options: (location) => ({ folder: schemeOf(location) === "file" ? pathOf(location) : location }),
  },
  options,
  create: (given) => folderStore(given),
});

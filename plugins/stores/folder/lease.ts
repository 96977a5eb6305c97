/**
 * The lease of a run's folder: taken, renewed, given up. The folder `lease/<epoch>` is the right to write: whatever its
 * holder writes begins in it and is renamed from there to its place, so that once the folder is taken away nothing
 * can follow. The page of this store says why that holds.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError, keepLease, type Machine, RENEWALS, type RunLost } from "../../../core/mod.ts";
import { thisProcess } from "../process.ts";
import { codeOf } from "./reason.ts";
import { beatOf, type Holder, holdOf, LEASE_FILES, LEASES, type Standing, standingOf } from "./standing.ts";

/** How leases are held. */
export interface LeaseOptions {
  readonly machine: Machine;
  /** Milliseconds. */
  readonly lease: number;
}

/** The lease of a run, held by this process. */
export interface Lease {
  readonly epoch: number;
  /** Its folder: files are made in it and renamed to where they belong. */
  readonly folder: string;
  /** See `RunWriter.lost`. */
  readonly lost: AbortSignal;
  /** The error to throw where the folder is not there any more. */
  lossOf(): RunLost | undefined;
  /** Gives the lease up. @param isWhole whether the log was this holder's own: see {@link Standing.isReleased} */
  release(isWhole: boolean): Promise<void>;
}

let count = 0;

/** Makes the folder of a lease. */
async function prepare(folder: string, { machine, lease }: LeaseOptions): Promise<void> {
  await mkdir(dirname(folder)).catch((error) => {
    if (codeOf(error) !== "EEXIST") throw error;
  });
  await mkdir(folder);
  const holder: Holder = { ...thisProcess(), since: new Date(machine.now()).toISOString(), lease };
  await writeFile(join(folder, LEASE_FILES.holder), `${JSON.stringify(holder)}\n`);
  await writeFile(join(folder, LEASE_FILES.beat), "0\n");
}

/** Makes the first lease of a run, in a folder that is not yet that of a run. */
export async function firstLease(location: string, options: LeaseOptions): Promise<void> {
  await prepare(join(location, LEASES, "1"), options);
}

/**
 * Takes the lease of a run.
 * @param gone epoch of a holder that is known to be dead
 * @returns the lease; `isWhole`: whether the writer before has closed the log
 * @throws InputError where another process holds it
 */
export async function take(
  id: string,
  location: string,
  options: LeaseOptions,
  gone?: number,
): Promise<{ readonly lease: Lease; readonly isWhole: boolean }> {
  const leases = join(location, LEASES);
  for (;;) {
    const before = await free(id, location, options, gone);
    const epoch = before.epoch + 1;
    const mine = join(leases, String(epoch));
    const attempt = join(leases, `.try-${process.pid}-${count++}`);
    try {
      await prepare(attempt, options);
      await rename(attempt, mine); // of several who try, one succeeds: the folder is never empty
    } catch (error) {
      await rm(attempt, { recursive: true, force: true });
      if (existsSync(mine) || (codeOf(error) === "ENOENT" && existsSync(location))) continue; // another was faster
      throw error;
    }
    if (standingOf(location).epoch !== epoch) {
      await rm(mine, { recursive: true, force: true }); // others have come and gone since we looked
      continue;
    }
    await takeAway(leases, epoch);
    return { lease: heldLease(id, location, epoch, options), isWhole: before.isReleased };
  }
}

/** Takes the folders of all leases but one away from their holders, and what others left who tried. */
async function takeAway(leases: string, epoch: number): Promise<void> {
  for (const name of readdirSync(leases)) {
    if (name === String(epoch)) continue;
    const aside = join(leases, `.old-${process.pid}-${count++}`);
    // Moved first: from then on its holder finds nothing, and makes nothing that would keep it from being removed.
    await rename(join(leases, name), aside).catch((error) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
    await rm(aside, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * Waits until the lease is known to be held by nobody, or by somebody.
 * @returns how it stood when it was free
 * @throws InputError where it is held
 */
async function free(
  id: string,
  location: string,
  { machine }: LeaseOptions,
  gone: number | undefined,
): Promise<Standing> {
  for (;;) {
    const standing = standingOf(location);
    const { epoch, holder } = standing;
    const hold = holdOf(location, standing, machine);
    if (hold === "free" || epoch === gone || holder === undefined) return standing;
    const refused = (): InputError =>
      new InputError(
        `run ${id} is being written by process ${holder.pid} on ${holder.host}. Stop that one first`,
      );
    if (hold === "held") throw refused();
    // Silence is counted in looks of ours, not in time: should this machine stop as well, it sees nothing meanwhile.
    // A lease that has lapsed by the file system's clock need be silent only for twice the time between renewals.
    const every = holder.lease / RENEWALS / 2;
    const looks = (hold === "lapsed" ? 2 : RENEWALS) * 2;
    const beat = beatOf(location, standing);
    let silent = 0;
    while (silent < looks && standingOf(location).epoch === epoch) {
      await sleep(every);
      if (beatOf(location, standing) !== beat) break;
      silent++;
    }
    const now = standingOf(location);
    if (now.epoch !== epoch || now.isReleased) continue;
    if (silent < looks) throw refused();
    return standing;
  }
}

/** @param epoch of the lease that this process has just taken, or made */
export function heldLease(
  id: string,
  location: string,
  epoch: number,
  { machine, lease }: LeaseOptions,
): Lease {
  const folder = join(location, LEASES, String(epoch));
  const beat = join(folder, LEASE_FILES.beat);
  /** Who has it instead. */
  const taker = (): Holder | "gone" | undefined => {
    if (existsSync(join(folder, LEASE_FILES.holder))) return undefined;
    const { holder, last } = standingOf(location);
    return holder ?? last ?? "gone";
  };
  let renewals = 0;
  const held = keepLease(id, { machine, lease }, async () => {
    const by = taker();
    if (by === undefined) await writeFile(beat, `${++renewals}\n`);
    return by;
  });
  return {
    epoch,
    folder,
    lost: held.lost,
    lossOf() {
      const by = taker();
      if (by === undefined) return undefined;
      return held.lose(by === "gone" ? undefined : by);
    },
    async release(isWhole) {
      held.end();
      const [from, to] = [LEASE_FILES.holder, LEASE_FILES.released].map((name) => join(folder, name));
      if (isWhole) await rename(from!, to!).catch(() => {}); // else it is as after a crash
      for (const name of existsSync(folder) ? readdirSync(folder) : []) {
        if (name !== LEASE_FILES.released) await rm(join(folder, name), { recursive: true, force: true });
      }
    },
  };
}

/**
 * Who writes a run, read from its folder. Each writer has had a folder of its own, `lease/<epoch>`; the one with the
 * highest number tells.
 *
 * @module
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Machine, RunOwner } from "../../../core/mod.ts";
import { isHere, type ProcessMark, stateOf } from "../process.ts";

/** Name of the folder of leases, within the run's folder. */
export const LEASES = "lease";
/** Files in the folder of a lease. */
export const LEASE_FILES = {
  /** A {@link Holder}; there while it writes. */
  holder: "holder.json",
  /** Written anew at each renewal. */
  beat: "beat",
  /** What the file of the holder is called once it has closed the run. */
  released: "released.json",
} as const;

/** What the file says of the writer. */
export interface Holder extends ProcessMark {
  readonly since: string;
  /** Milliseconds that its lease lasts. */
  readonly lease: number;
}

/** How the lease of a run stands. */
export interface Standing {
  /** The highest number, 0 where nobody has written the run yet. */
  readonly epoch: number;
  /** Absent where it closed the run, or died over taking it. */
  readonly holder?: Holder;
  /** Who closed it. */
  readonly last?: Holder;
  /** Whether it closed the run: its log then ends with a whole event, and it writes no more. */
  readonly isReleased: boolean;
}

/** @throws as the system does, but where nothing is there */
export function standingOf(location: string): Standing {
  const leases = join(location, LEASES);
  const epoch = highest(leases);
  if (epoch === 0) return { epoch, isReleased: false };
  const folder = join(leases, String(epoch));
  const holder = holderIn(join(folder, LEASE_FILES.holder));
  if (holder !== undefined) return { epoch, holder, isReleased: false };
  const released = join(folder, LEASE_FILES.released);
  const last = holderIn(released);
  return { epoch, ...(last && { last }), isReleased: existsSync(released) };
}

function holderIn(path: string): Holder | undefined {
  if (!existsSync(path)) return undefined; // of most runs: an error in its place would take ten times as long
  try {
    const holder = JSON.parse(readFileSync(path, "utf8")) as Holder;
    return typeof holder.pid === "number" && holder.lease > 0 ? holder : undefined;
  } catch {
    return undefined; // gone in the meantime, or damaged: nobody's
  }
}

function highest(leases: string): number {
  try {
    return Math.max(0, ...readdirSync(leases).map((name) => (/^\d+$/.test(name) ? Number(name) : 0)));
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return 0;
    throw error;
  }
}

/** What the last renewal of a lease wrote; it changes with each. */
export function beatOf(location: string, { epoch }: Standing): string | undefined {
  try {
    return readFileSync(join(location, LEASES, String(epoch), LEASE_FILES.beat), "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Milliseconds since a lease was renewed, by the clock of the file system, which dates both the renewal and a file
 * written now: whether the clocks of two machines agree does not matter.
 * @returns undefined where it is not there any more
 */
function ageOf(location: string, { epoch }: Standing, machine: Machine): number | undefined {
  const leases = join(location, LEASES);
  try {
    // Opened, since a network file system asks its server anew only then.
    const file = openSync(join(leases, String(epoch), LEASE_FILES.beat), "r");
    try {
      const { mtimeMs, dev } = fstatSync(file);
      return fileTime(dev, leases, machine) - mtimeMs;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** How far the clock of a file system was ahead of ours, and when that was found, by the number of its device. */
const offsets = new Map<number, { readonly offset: number; readonly at: number }>();
const OFFSET_HOLDS_MS = 5_000;
let count = 0;

/** @param folder one of that file system */
function fileTime(dev: number, folder: string, machine: Machine): number {
  const known = offsets.get(dev);
  if (known !== undefined && performance.now() - known.at < OFFSET_HOLDS_MS) {
    return performance.now() + known.offset;
  }
  const probe = join(folder, `.clock-${process.pid}-${count++}`);
  let time: number;
  try {
    writeFileSync(probe, "?");
    time = statSync(probe).mtimeMs;
  } catch {
    time = machine.now(); // of a folder that we may not write, our own clock must do
  } finally {
    rmSync(probe, { force: true });
  }
  offsets.set(dev, { offset: time - performance.now(), at: performance.now() });
  return time;
}

/** When this process first saw a renewal of which the file system's clock tells nothing sound. */
const seen = new Map<string, { readonly beat: string | undefined; readonly at: number }>();

/** How a lease is held. */
export type Hold =
  /** Nobody holds it. */
  | "free"
  /** A process that is alive on this machine renewed it in time. */
  | "held"
  /** It was renewed in time, by a process of which no more is known, or nothing sound is known of the time. */
  | "fresh"
  /** It was not renewed in time, though its holder is not known to be dead. */
  | "lapsed";

/** @param standing as just read */
export function holdOf(location: string, standing: Standing, machine: Machine): Hold {
  const { holder } = standing;
  if (holder === undefined) return "free";
  const state = stateOf(holder);
  if (state === "ended") return "free";
  const age = ageOf(location, standing, machine);
  if (age === undefined) return "lapsed";
  if (age >= holder.lease) return "lapsed";
  if (age > -holder.lease) return state === "alive" ? "held" : "fresh";
  // Dated in the future: whoever wrote it has dated it by a clock of its own. Ours tells how long nothing changes.
  const key = `${location} ${standing.epoch}`;
  const beat = beatOf(location, standing);
  const known = seen.get(key);
  if (known === undefined || known.beat !== beat) seen.set(key, { beat, at: performance.now() });
  else if (performance.now() - known.at >= holder.lease) return "lapsed";
  return "fresh";
}

/** Whether a process writes the run now, as far as can be told. */
export function isHeld(location: string, standing: Standing, machine: Machine): boolean {
  return ["held", "fresh"].includes(holdOf(location, standing, machine));
}

/** The process that writes a run now, where there is one. */
export function ownerOf(location: string, machine: Machine): RunOwner | undefined {
  const standing = standingOf(location);
  const { epoch, holder } = standing;
  if (holder === undefined || !isHeld(location, standing, machine)) return undefined;
  const { pid, host, since, lease } = holder;
  const age = Math.max(0, ageOf(location, standing, machine) ?? 0);
  const until = new Date(machine.now() + lease - age).toISOString();
  return { pid, host, isHere: isHere(holder), epoch, since, until };
}

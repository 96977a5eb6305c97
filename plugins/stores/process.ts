/**
 * What a process can be told by, so that another on the same machine can tell whether it has ended. A host name and a
 * number are not enough: containers share names, and each numbers its processes from 1.
 *
 * @module
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process. */
export interface ProcessMark {
  readonly pid: number;
  readonly host: string;
  /** The boot of the machine and the namespace in which `pid` counts; null where the system does not tell. */
  readonly machine: string | null;
  /** When the process began, in ticks since the boot: its number is given out again. Null where not told. */
  readonly began: string | null;
}

/** The mark of this process. */
export function thisProcess(): ProcessMark {
  return { pid: process.pid, host: hostname(), machine: machineHere(), began: beganAt(process.pid) };
}

/** Whether the number of a process counts here: a signal sent to it reaches that process. */
export function isHere({ machine }: ProcessMark): boolean {
  return machine !== null && machine === machineHere();
}

/** What is known of a process: nothing can be told of one that is not here. */
export function stateOf(mark: ProcessMark): "alive" | "ended" | "unknown" {
  if (!isHere(mark)) return "unknown";
  if (!exists(mark.pid)) return "ended";
  const began = beganAt(mark.pid);
  return mark.began === null || began === null || mark.began === began ? "alive" : "ended";
}

let here: string | null | undefined;

/** Linux alone tells of its boot; elsewhere only a lease can tell whether a process lives. */
function machineHere(): string | null {
  if (here !== undefined) return here;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    here = `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    here = null;
  }
  return here;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"; // others may be none of ours to signal
  }
  return true;
}

/** Field 22 of `/proc/<pid>/stat`, or that it only waits for its parent to take note; null where there is no such file. */
function beganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from field 3, the state
    return fields[0] === "Z" ? "ended" : (fields[19] ?? null);
  } catch {
    return null;
  }
}

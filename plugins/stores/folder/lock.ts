/**
 * The lock of a run's folder: a file that names the process that writes the run. Who finds it there keeps out, unless
 * that process is gone; then the lock is taken over.
 *
 * @module
 */
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { InputError, type RunOwner } from "../../../core/mod.ts";
import { codeOf } from "./reason.ts";

/** Name of the file, within the run's folder. */
export const LOCK = "lock";

/** What the file says. */
interface Holder extends RunOwner {
  /** When the process began, in ticks since the machine did: a number of a process is given out again. */
  readonly began: string | null;
}

/**
 * Takes the lock of a run's folder.
 * @returns gives it up
 * @throws InputError where another process has it
 */
export async function lock(id: string, location: string): Promise<() => Promise<void>> {
  const file = join(location, LOCK);
  const mine: Holder = { pid: process.pid, host: hostname(), began: await beganAt(process.pid) };
  const attempt = `.${LOCK}-${process.pid}-${count++}`;
  const unique = join(location, `${attempt}.tmp`);
  try {
    for (;;) {
      try {
        await writeFile(unique, `${JSON.stringify(mine)}\n`);
        await link(unique, file); // of several who try, one succeeds; and the file is never there without its words
        return async () => await rm(file, { force: true });
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      const { holder, text } = await read(file);
      if (holder !== undefined && (await isAlive(holder))) {
        throw new InputError(
          `run ${id} is being written by process ${holder.pid} on ${holder.host}. Stop that one first` +
            (holder.host === mine.host ? "" : `; if it is gone, remove ${file}`),
        );
      }
      if (text !== undefined) await takeAway(file, join(location, `${attempt}-old.tmp`), text);
    }
  } finally {
    await rm(unique, { force: true });
  }
}

let count = 0;

/** Whether a file, by its name, is of a process that is trying to take the lock, and not of one that died over it. */
export function isBeingTried(name: string): boolean {
  const pid = Number(new RegExp(`^\\.${LOCK}-(\\d+)-`).exec(name)?.[1] ?? 0);
  return pid > 0 && exists(pid);
}

/** The process that writes a run now, where there is one. */
export async function ownerOf(location: string): Promise<RunOwner | undefined> {
  const { holder } = await read(join(location, LOCK));
  return holder !== undefined && (await isAlive(holder)) ? { pid: holder.pid, host: holder.host } : undefined;
}

/** Removes a lock whose holder is gone, unless somebody else has taken it over in the meantime. */
async function takeAway(file: string, aside: string, text: string): Promise<void> {
  try {
    await rename(file, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return; // somebody else was faster
    throw error;
  }
  const taken = await readFile(aside, "utf8");
  if (taken !== text) await link(aside, file).catch(() => {}); // that was a new one: back with it
  await rm(aside, { force: true });
}

async function read(file: string): Promise<{ readonly holder?: Holder; readonly text?: string }> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return {};
    throw error;
  }
  try {
    const holder = JSON.parse(text) as Holder;
    return typeof holder.pid === "number" ? { holder, text } : { text };
  } catch {
    return { text }; // damaged: nobody's
  }
}

/** Whether a holder still runs; those on other hosts are taken to. */
async function isAlive({ pid, host, began }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  return exists(pid) && (began === null || began === (await beganAt(pid)));
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== "ESRCH"; // others may be none of ours to signal
  }
  return true;
}

/** Field 22 of `/proc/<pid>/stat`, or that it only waits for its parent to take note; null where there is no such file. */
async function beganAt(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" "); // from field 3, the state
  return fields?.[0] === "Z" ? "ended" : (fields?.[19] ?? null);
}

/**
 * Of which scenario a run is, and when it began: kept in the run's folder, so that the folder may be given any name.
 *
 * @module
 */
import { readFileSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { RUN_FILES } from "../../../core/mod.ts";

/** Name of the file, within the run's folder: a {@link Birth}. */
export const BIRTH = "run.json";

/** The beginning of a run. */
export interface Birth {
  readonly scenario: string;
  /** ISO 8601, UTC, to the microsecond: so they sort. */
  readonly began: string;
}

/** A time to the microsecond. */
export function preciselyAt(milliseconds: number): string {
  const micro = String(Math.floor((milliseconds % 1) * 1000)).padStart(3, "0");
  return new Date(milliseconds).toISOString().replace("Z", `${micro}Z`);
}

/** `<scenario>-<yyyymmdd>-<hhmmss>-<4 hex>`, the name of a run that was given none. */
const NAME = /^(.+)-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-([0-9a-f]{4})$/;

/** Reads births of runs, each file once it has settled, and again where it is written anew. */
export interface Births {
  /**
   * @param name of the run's folder, which tells of a run that has no such file
   * @returns undefined where the folder is not that of a run
   */
  (name: string, location: string): Birth | undefined;
  /** Forgets what was read of others. */
  forgetAllBut(names: { has(name: string): boolean }): void;
}

/** How old a time of a file must be, in milliseconds, before it tells of every change: file systems date in steps, some of 2 s. */
const SETTLED_MS = 2_000;

/** Whether the times of files tell of every change of them. */
export function isSettled(...files: readonly (Stats | undefined)[]): boolean {
  return files.every((file) => file === undefined || Date.now() - file.mtimeMs > SETTLED_MS);
}

/** A reader that has read nothing yet. */
export function births(): Births {
  const read = new Map<string, { readonly mark: string; readonly birth: Birth }>();
  const birthOf = (name: string, location: string): Birth | undefined => {
    const path = join(location, BIRTH);
    const file = statOf(path);
    if (file !== undefined) {
      const mark = `${file.ino} ${file.mtimeMs} ${file.size}`;
      const known = read.get(name);
      if (known?.mark === mark) return known.birth;
      const birth = birthIn(path);
      if (birth !== undefined) {
        if (isSettled(file)) read.set(name, { mark, birth });
        return birth;
      }
    }
    return birthBy(name) ?? birthOfLog(name, statOf(join(location, RUN_FILES.events)));
  };
  return Object.assign(birthOf, {
    forgetAllBut(names: { has(name: string): boolean }) {
      for (const name of read.keys()) if (!names.has(name)) read.delete(name);
    },
  });
}

function birthIn(path: string): Birth | undefined {
  try {
    const { scenario, began } = JSON.parse(readFileSync(path, "utf8")) as Birth;
    return typeof scenario === "string" && isTime(began) ? { scenario, began } : undefined;
  } catch {
    return undefined; // damaged, or gone in the meantime
  }
}

function isTime(time: unknown): boolean {
  return typeof time === "string" && !Number.isNaN(Date.parse(time));
}

/** What the name of a run tells that was given none. */
function birthBy(name: string): Birth | undefined {
  const [, scenario, ...time] = NAME.exec(name) ?? [];
  if (scenario === undefined) return undefined;
  const [year, month, day, hour, minute, second, fraction] = time as [string, ...string[]];
  const microseconds = String(Math.floor(Number.parseInt(fraction!, 16) / 0.065536)).padStart(6, "0");
  const began = `${year}-${month}-${day}T${hour}:${minute}:${second}.${microseconds}Z`;
  return isTime(began) ? { scenario, began } : undefined; // else a name that looks like it by chance
}

function birthOfLog(name: string, log: Stats | undefined): Birth | undefined {
  return log && { scenario: name, began: preciselyAt(log.birthtimeMs) };
}

/** What is at a path; undefined where nothing is, or nothing that we may look at. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // such as a link that leads to itself
  }
}

/**
 * Of which scenario a run is, and when it began: kept in the run's folder, so that the folder may be given any name.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
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

/**
 * @param name of the run's folder, which tells of a run that has no such file
 * @returns undefined where the folder is not that of a run
 */
export function birthOf(name: string, location: string): Birth | undefined {
  try {
    const { scenario, began } = JSON.parse(readFileSync(join(location, BIRTH), "utf8")) as Birth;
    if (typeof scenario === "string" && typeof began === "string") return { scenario, began };
  } catch {
    // an older run, a damaged file, or no run at all
  }
  const log = statSync(join(location, RUN_FILES.events), { throwIfNoEntry: false });
  const [, scenario, ...time] = NAME.exec(name) ?? [];
  if (scenario !== undefined) {
    const [year, month, day, hour, minute, second, fraction] = time as [string, ...string[]];
    const microseconds = String(Math.floor(Number.parseInt(fraction!, 16) / 0.065536)).padStart(6, "0");
    return { scenario, began: `${year}-${month}-${day}T${hour}:${minute}:${second}.${microseconds}Z` };
  }
  return log && { scenario: name, began: preciselyAt(log.birthtimeMs) };
}

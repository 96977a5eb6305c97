/**
 * What a run's folder tells at a glance. Small files are read synchronously: thousands of runs are listed within a
 * second, which a promise for each step of each would take several of.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Machine, parseKept, RUN_FILES, type RunGlance, type RunResult } from "../../../core/mod.ts";
import { birthOf } from "./birth.ts";
import { ownerOf } from "./standing.ts";

/** @returns undefined where there is no such folder */
export function glanceAt(run: string, location: string, machine: Machine): RunGlance | undefined {
  if (!statSync(location, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const birth = birthOf(run, location);
  if (birth === undefined) return undefined;
  const live = ownerOf(location, machine) !== undefined;
  const result = attempt(() => JSON.parse(text(location, RUN_FILES.result)) as RunResult);
  const tags = attempt(() => tagsOf(text(location, RUN_FILES.scenario)));
  return {
    run,
    scenario: birth.scenario,
    status: live ? "running" : (result?.status ?? "abandoned"),
    tags: tags ?? [],
    began: new Date(birth.began).toISOString(),
    ...(!live && result && { seconds: result.seconds }),
  };
}

function text(location: string, file: string): string {
  return readFileSync(join(location, file), "utf8");
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // not there yet, or damaged, which reading the run itself will tell
  }
}

/** Plain words, each on a line of its own, as a resolved scenario has them. */
const PLAIN = /^tags:\n((?: {2}- [a-z][\w .-]*\n)+)(?! )/im;

/** The tags of a scenario: of the document only that part is read. */
function tagsOf(scenario: string): string[] {
  const plain = PLAIN.exec(scenario)?.[1];
  if (plain !== undefined) return plain.match(/(?<=- ).*(?=\n)/g)!.map((tag) => tag.trimEnd());
  const part = /^tags:.*(?:\n[ \t-].*)*/m.exec(scenario)?.[0];
  const tags = part === undefined ? [] : (parseKept(part) as { tags?: unknown }).tags;
  return Array.isArray(tags) ? tags.map(String) : [];
}

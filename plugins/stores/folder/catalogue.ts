/**
 * What the runs of a folder tell at a glance. Lists are long and asked for often, and of most runs nothing changes any more: what was
 * read of a run is read again only where its files were written since. Small files are read synchronously: thousands of runs
 * are listed within a second, which a promise for each step of each would take several of.
 *
 * @module
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  isRunId,
  type Machine,
  parseKept,
  RUN_FILES,
  type RunGlance,
  type RunResult,
} from "../../../core/mod.ts";
import { type Birth, births, isSettled, statOf } from "./birth.ts";
import { isHeld, LEASES, standingOf } from "./standing.ts";

/** The runs of a folder. */
export interface Catalogue {
  /** Their names, the newest first; of those that began at one moment, the last by name first. @throws as the system does */
  names(): readonly string[];
  /** @returns undefined where there is no such run */
  glance(run: string): RunGlance | undefined;
}

/** How long a list is believed, in milliseconds: a run may be a link, and what that leads to changes without a word. */
const LIST_HOLDS_MS = 5_000;

/** A catalogue of which nothing has been read yet. */
export function catalogueOf(root: string, machine: Machine): Catalogue {
  const birthOf = births();
  const ended = new Map<string, { readonly mark: string; readonly glance: RunGlance }>();
  let list: { readonly mark: string; readonly at: number; readonly names: readonly string[] } | undefined;

  return {
    names() {
      const folder = statSync(root);
      const mark = `${folder.ino} ${folder.mtimeMs}`;
      if (list?.mark === mark && performance.now() - list.at < LIST_HOLDS_MS) return list.names;
      const known = new Map<string, Birth>();
      for (const entry of readdirSync(root, { withFileTypes: true })) {
        if (!(entry.isDirectory() || entry.isSymbolicLink()) || !isRunId(entry.name)) continue;
        const birth = birthOf(entry.name, join(root, entry.name));
        if (birth !== undefined) known.set(entry.name, birth);
      }
      for (const run of ended.keys()) if (!known.has(run)) ended.delete(run);
      birthOf.forgetAllBut(known);
      const names = [...known]
        .sort(([a, { began: one }], [b, { began: other }]) => compared(other, one) || compared(b, a))
        .map(([name]) => name);
      list = isSettled(folder) ? { mark, at: performance.now(), names } : undefined;
      return names;
    },

    glance(run) {
      const location = join(root, run);
      const folder = statOf(location);
      if (!folder?.isDirectory()) return undefined;
      const files = [LEASES, RUN_FILES.result, RUN_FILES.scenario].map((name) =>
        statOf(join(location, name)),
      );
      const [leases, kept] = files;
      const birth = birthOf(run, location);
      if (birth === undefined) return undefined;
      const dates = [folder, ...files].map((file) => `${file?.ino} ${file?.mtimeMs}`);
      const mark = `${dates} ${birth.scenario} ${birth.began}`;
      const before = ended.get(run);
      if (before?.mark === mark) return before.glance;
      const standing = leases && standingOf(location);
      const isLive = standing !== undefined && isHeld(location, standing, machine);
      const result = kept && attempt(() => JSON.parse(text(location, RUN_FILES.result)) as RunResult);
      const tags = attempt(() => tagsOf(text(location, RUN_FILES.scenario)));
      const glance: RunGlance = {
        run,
        scenario: birth.scenario,
        status: isLive ? "running" : (result?.status ?? "abandoned"),
        tags: tags ?? [],
        began: new Date(birth.began).toISOString(),
        ...(!isLive && result && { seconds: result.seconds }),
      };
      // one whose holder has only fallen silent may go on without any of these being written
      const mayGoOn = standing?.holder !== undefined;
      if (!mayGoOn && result !== undefined && isSettled(folder, ...files)) ended.set(run, { mark, glance });
      return glance;
    },
  };
}

/** As `sort` wants it, by code units: dates of one form sort so by time. */
function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
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

/**
 * This package on disk: its version and the scenarios it brings.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { readSource } from "../../core/scenario/source.ts";

/** The nearest folder above this file that holds a package.json: the same for the sources and for `dist`. */
function findRoot(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("dsgan's own package.json is not above its command line");
  return findRoot(parent);
}

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Version of this package. */
export function version(): string {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
}

/**
 * The lowest version of Node that this package runs on, e.g. `22.18`. It is not under `engines`, or `npm ci` in a clone
 * would warn of an older Node that its scripts don't use: the clone brings its own.
 */
export function minimumNode(): string {
  const { devEngines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return devEngines.runtime.version.replace(/^>=/, "");
}

/** A scenario that comes with this package. */
export interface PackagedScenario {
  /** Its path in the scenarios folder without extension, e.g. `smoke/ring`. */
  readonly name: string;
  readonly path: string;
}

const EXTENSION = /\.(ya?ml|json)$/;

/** Names of files that are no scenarios: schemas, and sweeps of scenarios. */
const SCHEMA = /^(sweep-)?schema\.json$/;
const SWEEP = /^sweep-/;

/** The scenarios that come with this package, by name. */
export function packagedScenarios(): PackagedScenario[] {
  return packaged((name) => !SWEEP.test(name));
}

/** The sweeps that come with this package, by name. */
export function packagedSweeps(): PackagedScenario[] {
  return packaged((name) => SWEEP.test(name));
}

function packaged(isWanted: (name: string) => boolean): PackagedScenario[] {
  const folder = join(root, "scenarios");
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const packages = files
    .filter((path) => basename(path) === "package.json")
    .map((path) => dirname(path) + sep);
  return files
    .filter((path) => EXTENSION.test(path) && !SCHEMA.test(basename(path)) && isWanted(basename(path)))
    .filter((path) => !packages.some((other) => path.startsWith(other))) // files of packages of their own
    .map((path) => ({ name: path.replaceAll("\\", "/").replace(EXTENSION, ""), path: join(folder, path) }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** What a scenario says of itself, in one line; empty where it says nothing or cannot be read. */
export function descriptionOf({ path }: PackagedScenario): string {
  try {
    const { description } = readSource(readFileSync(path, "utf8"), path).value as { description?: unknown };
    return typeof description === "string" ? description.replaceAll(/\s+/g, " ").trim() : "";
  } catch {
    return ""; // `dsgan validate` tells what is wrong with it
  }
}

/** A name for the scenario in a file that gives none: the file's, without what folder names cannot hold. */
export function nameFor(path: string): string {
  const name = basename(path)
    .replace(EXTENSION, "")
    .replaceAll(/[^a-z0-9._-]+/gi, "-");
  return name.replace(/^[^a-z0-9]+/i, "").slice(0, 64) || "scenario";
}

/**
 * From what a user calls a scenario to one that is ready to be run.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import {
  InputError,
  type LoadedScenario,
  type LoadedSweep,
  loadScenario,
  loadSweep,
  locatePath,
  type Override,
  SWEEP_NAMES,
} from "../../core/mod.ts";
import { sourceOf } from "../../core/scenario/source.ts";
import { modules } from "../trainer/modules.ts";
import { findScenario, type ScenarioFile } from "./find.ts";
import type { Host } from "./host.ts";
import { nameFor } from "./package.ts";

/** A scenario, and the file it came from. */
export interface LoadedFile extends ScenarioFile {
  readonly loaded: LoadedScenario;
  readonly overrides: readonly Override[];
}

/** @throws InputError with every problem found */
export async function load(given: string, host: Host, overrides: readonly Override[]): Promise<LoadedFile> {
  const found = findScenario(given);
  const { text, ...origin } = found;
  requireScenario(found, given);
  const loaded = await loadScenario(text, {
    ...origin,
    plugins: host.plugins,
    modules,
    overrides,
    name: nameFor(origin.file),
  });
  return { ...found, loaded, overrides };
}

/** @throws InputError where a file is a sweep */
export function requireScenario(found: ScenarioFile, given: string): void {
  if (isSweep(found)) {
    throw new InputError(`${found.file} is a sweep, not a scenario: use dsgan sweep ${given}`);
  }
}

/** A sweep, and the file it came from. */
export interface LoadedSweepFile extends ScenarioFile {
  readonly loaded: LoadedSweep;
}

/** Whether a file is a sweep rather than a scenario: it says what varies, and names no application. */
export function isSweep(found: ScenarioFile): boolean {
  const { value } = sourceOf(found);
  return "vary" in value && !("application" in value);
}

/** @throws InputError with every problem found */
export async function loadSweepFile(given: string, host: Host): Promise<LoadedSweepFile> {
  const found = findScenario(given);
  const { file, text, ...origin } = found;
  if ("application" in sourceOf(found, SWEEP_NAMES).value) {
    throw new InputError(
      `${file} is a scenario, not a sweep: use dsgan run ${given}, or name it in a sweep's "scenario"`,
    );
  }
  const loaded = await loadSweep(text, {
    ...{ ...origin, file, plugins: host.plugins, modules, name: nameFor(file) },
    find(name, from) {
      const beside = isAbsolute(name) ? name : fileURLToPath(locatePath(name, from));
      const scenario = findScenario(existsSync(beside) ? beside : name);
      return { ...scenario, name: nameFor(scenario.file) };
    },
  });
  return { ...found, loaded };
}

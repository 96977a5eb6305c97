/**
 * From what a user calls a scenario to one that is ready to be run.
 *
 * @module
 */
import { type LoadedScenario, loadScenario, type Override } from "../../core/mod.ts";
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
  const { file, base, text } = found;
  const loaded = await loadScenario(text, {
    base,
    file,
    plugins: host.plugins,
    modules,
    overrides,
    name: nameFor(file),
  });
  return { ...found, loaded, overrides };
}

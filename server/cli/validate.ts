/**
 * `dsgan validate`: checks scenarios and sweeps without running them, up to what their components check when they are created.
 *
 * @module
 */
import { checkComponents, InputError } from "../../core/mod.ts";
import { annotateProblems } from "./annotations.ts";
import { codeOfError, tell, worst } from "./exit.ts";
import { findScenario } from "./find.ts";
import type { Host } from "./host.ts";
import { isSweep, load, loadSweepFile } from "./load.ts";
import { type OverrideOptions, overridesOf } from "./overrides.ts";
import { onGitHub } from "./watch.ts";

/** Checks scenarios and sweeps. @returns the exit code */
export async function validateCommand(
  files: readonly string[],
  options: OverrideOptions,
  host: Host,
): Promise<number> {
  const overrides = overridesOf(options);
  const codes: number[] = [];
  for (const given of files) {
    try {
      const found = findScenario(given);
      if (isSweep(found)) await loadSweepFile(given, host);
      else {
        const { file, loaded } = await load(given, host, overrides);
        await checkComponents(loaded, file);
      }
      process.stdout.write(`${found.file}: valid\n`);
    } catch (error) {
      tell(error);
      codes.push(codeOfError(error));
      if (onGitHub() && error instanceof InputError) {
        process.stdout.write(annotateProblems(error, given));
      }
    }
  }
  return worst(codes);
}

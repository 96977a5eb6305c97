/**
 * The scenario of a run, loaded again to resume it or to use what it has trained.
 *
 * @module
 */
import type { Known } from "../plugin/discreet.ts";
import { InputError } from "../plugin/errors.ts";
import type { Modules } from "../plugin/load.ts";
import type { PluginExport } from "../plugin/plugin.ts";
import { RUN_FILES, type RunReader } from "../run/store.ts";
import type { AllowList } from "../scenario/allow.ts";
import { loadScenario } from "../scenario/load.ts";
import type { LoadedScenario } from "../scenario/scenario.ts";

/**
 * Loads the scenario of a run as it was run, overrides included, with its plugins.
 * @param plugins the built-in ones
 * @param modules finds the modules of the others
 * @throws InputError where a file of the run, or one of its plugins, is missing or damaged
 */
export async function reopenScenario(
  reader: RunReader,
  plugins: readonly PluginExport[],
  modules?: Modules,
): Promise<LoadedScenario> {
  const text = async (path: string): Promise<string> => new TextDecoder().decode(await reader.read(path));
  for (const path of [RUN_FILES.scenario, RUN_FILES.environment]) {
    if ((await reader.files(path)).includes(path)) continue;
    throw new InputError(
      `run ${reader.id} has no ${path}: it was stopped before it began, or the file was removed. Start it anew`,
    );
  }
  let origin: Origin;
  try {
    origin = originIn(await text(RUN_FILES.environment));
  } catch (cause) {
    throw new InputError(`run ${reader.id}: ${RUN_FILES.environment} is damaged: it names no base`, {
      cause,
    });
  }
  const file = `run ${reader.id}: ${RUN_FILES.scenario}`;
  return await loadScenario(await text(RUN_FILES.scenario), {
    ...origin,
    file,
    plugins,
    ...(modules && { modules }),
  });
}

/** Where a run's scenario comes from. */
interface Origin {
  readonly base: URL;
  /** What it may name, of one that came from outside. */
  readonly allow?: AllowList | undefined;
}

/** @throws where the file is damaged */
function originIn(environment: string): Origin {
  const { base, allow } = JSON.parse(environment) as { base: string; allow?: AllowList };
  return { base: new URL(base), allow };
}

/** What somebody from outside knows of a run who has sent its scenario; undefined where nobody has. */
export async function knownOutside(reader: RunReader): Promise<Known | undefined> {
  try {
    const read = async (path: string): Promise<string> => new TextDecoder().decode(await reader.read(path));
    const { base, allow } = originIn(await read(RUN_FILES.environment));
    return allow === undefined ? undefined : { base, sent: await read(RUN_FILES.scenario) };
  } catch {
    return undefined; // it had not begun
  }
}

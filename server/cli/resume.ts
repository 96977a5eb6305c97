/**
 * `dsgan resume`: resumes a run that was interrupted, with the results that it would have had without.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { parse, stringify } from "yaml";
import { InputError, RUN_FILES, type RunReader, type Scenario, type Store } from "../../core/mod.ts";
import { codeOfError, codeOfResult, tell } from "./exit.ts";
import type { Host } from "./host.ts";
import { interruptible } from "./interrupt.ts";
import { conclude, storeOf, type WatchOptions, watch } from "./watch.ts";

/** Resumes a run. @returns the exit code */
export async function resumeCommand(given: string, options: WatchOptions, host: Host): Promise<number> {
  const interrupt = interruptible();
  try {
    const { runs, id } = await runNamed(given, options.runs, host);
    const finished = await watch({ runs, resume: id }, { ...options, runs }, host, interrupt);
    conclude(finished, `${id}/${RUN_FILES.scenario}`, options);
    return interrupt.code ?? codeOfResult(finished.result);
  } catch (error) {
    tell(error);
    return interrupt.code ?? codeOfError(error);
  } finally {
    interrupt.release();
  }
}

/**
 * The run that a user names: by its id, by its folder, or as `latest`.
 * @param folder of the runs, for ids
 * @throws InputError where there is none
 */
export async function runNamed(
  given: string,
  folder: string,
  host: Host,
): Promise<{
  readonly runs: string;
  readonly id: string;
  readonly reader: RunReader;
  readonly store: Store;
}> {
  const isPath = given.includes("/") || given.includes(sep) || existsSync(join(given, RUN_FILES.events));
  const runs = isPath ? dirname(resolve(given)) : folder;
  const store = await storeOf(runs, host);
  const id = given === "latest" ? (await store.list())[0] : isPath ? basename(resolve(given)) : given;
  if (id === undefined) throw new InputError(`there are no runs in ${runs}`);
  return { runs, id, reader: await store.open(id), store };
}

/**
 * The newest run of a scenario with the same settings that has not ended and that no process is writing. Description
 * and tags may differ: they change no result.
 */
export async function interruptedRunOf(scenario: Scenario, store: Store): Promise<string | undefined> {
  const settings = (text: string): string => stringify({ ...parse(text), description: "", tags: [] });
  const sought = settings(stringify(scenario));
  for (const id of await store.list()) {
    if (!id.startsWith(`${scenario.name}-`)) continue;
    const reader = await store.open(id);
    const same = await reader.read(RUN_FILES.scenario).then(
      (bytes) => settings(new TextDecoder().decode(bytes)) === sought,
      () => false, // it had not come so far as to write it
    );
    if (!same || (await reader.owner()) !== undefined) continue;
    if ((await reader.files(RUN_FILES.environment)).length === 0) continue; // nor so far as this
    const status = (await reader.result())?.status;
    if (status === undefined || status === "cancelled" || status === "failed") return id;
  }
  return undefined;
}

/**
 * `dsgan resume`: resumes a run that was interrupted, with the results that it would have had without.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { InputError, RUN_FILES, type RunReader, type Scenario, type Store } from "../../core/mod.ts";
import { isSweep } from "../sweep/kept.ts";
import { sweepAgain } from "./again.ts";
import { codeOfError, codeOfResult, tell } from "./exit.ts";
import type { Host } from "./host.ts";
import { interruptible } from "./interrupt.ts";
import { placeOf, runNamed } from "./runs.ts";
import { conclude, type WatchOptions, watch } from "./watch.ts";

/** Resumes a run. @returns the exit code */
export async function resumeCommand(given: string, options: WatchOptions, host: Host): Promise<number> {
  const interrupt = interruptible();
  try {
    const { runs, id, reader } = await runNamed(given, options, host);
    if (await isSweep(reader))
      throw new InputError(`${id} is a sweep: use ${sweepAgain("resume", id, runs)}`);
    const place = { ...options, runs };
    const finished = await watch({ ...placeOf(place), resume: id }, place, host, interrupt);
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
    if (!same || (await isAlive(reader))) continue;
    if ((await reader.files(RUN_FILES.environment)).length === 0) continue; // nor so far as this
    const status = (await reader.result())?.status;
    if (status === undefined || status === "cancelled" || status === "paused" || status === "failed")
      return id;
  }
  return undefined;
}

/** How often it is asked whether a writer lives. */
const ASK_EVERY_MS = 500;
/** By so much at least a lease reaches further once it is renewed. */
const RENEWED_MS = 1000;

/**
 * Whether a process writes a run. One that cannot be seen from here, such as one in a container that was killed, holds its
 * lease for a while: that is waited for, until it is renewed or has lapsed.
 */
async function isAlive(reader: RunReader): Promise<boolean> {
  const first = await reader.owner();
  if (first === undefined || first.isHere) return first !== undefined;
  const { pid, host, epoch, until } = first;
  process.stderr.write(
    `run ${reader.id} was being written by process ${pid} on ${host}: waiting whether that one still lives, ` +
      `until ${until} at most\n`,
  );
  for (;;) {
    await sleep(ASK_EVERY_MS);
    const now = await reader.owner();
    if (now === undefined) return false;
    if (now.epoch !== epoch || Date.parse(now.until) - Date.parse(until) > RENEWED_MS) return true;
  }
}

/**
 * From a request to a run: the same in a trainer, and in a process that trains by itself.
 *
 * @module
 */
import type { Observable } from "rxjs";
import {
  loadScenario,
  type PluginExport,
  type RunEvent,
  reopenScenario,
  run,
  type Store,
} from "../../core/mod.ts";
import { environment } from "./environment.ts";
import { modules } from "./modules.ts";
import type { TrainerRequest } from "./protocol.ts";

/** What a run is opened with. */
export interface OpenRunOptions {
  readonly store: Store;
  /** The plugins that are always there. */
  readonly plugins: readonly PluginExport[];
  /** Interrupts the run when aborted. */
  readonly signal: AbortSignal;
}

/**
 * Loads the scenario of a request.
 * @returns the events of its run, which starts or resumes once somebody subscribes
 * @throws InputError where the scenario is refused, or there is no such run
 */
export async function openRun(
  request: TrainerRequest,
  { store, plugins, signal }: OpenRunOptions,
): Promise<Observable<RunEvent>> {
  const options = { store, signal, environment: { ...request.about, ...(await environment()) } };
  if ("resume" in request) {
    const loaded = await reopenScenario(await store.open(request.resume), plugins, modules);
    return run(loaded, { ...options, resume: request.resume });
  }
  const { text, base, ...origin } = request.scenario;
  const { id } = request;
  const loaded = await loadScenario(text, { ...origin, base: new URL(base), plugins, modules });
  return run(loaded, { ...options, ...(id !== undefined && { id }) });
}

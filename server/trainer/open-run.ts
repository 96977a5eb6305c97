/**
 * From a request to a run: the same in a trainer, and in a process that trains by itself.
 *
 * @module
 */
import { type Observable, tap } from "rxjs";
import {
  InputError,
  isPause,
  loadScenario,
  type PluginExport,
  RUN_FILES,
  type RunEvent,
  RunPaused,
  type RunReader,
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
  options: OpenRunOptions,
): Promise<Observable<RunEvent>> {
  const { until } = request;
  if (until === undefined) return await opened(request, options);
  const pause = new AbortController();
  const signal = AbortSignal.any([options.signal, pause.signal]);
  return (await opened(request, { ...options, signal })).pipe(
    tap((event) => {
      if (isPause(event, until)) pause.abort(new RunPaused(`paused at step ${until.step}`));
    }),
  );
}

async function opened(
  request: TrainerRequest,
  { store, plugins, signal }: OpenRunOptions,
): Promise<Observable<RunEvent>> {
  const options = { store, signal, environment: { ...request.about, ...(await environment()) } };
  if ("resume" in request) {
    const loaded = await reopenScenario(await store.open(request.resume), plugins, modules);
    return run(loaded, { ...options, resume: request.resume });
  }
  const { text, base, ...origin } = request.scenario;
  const { id, mayExist = false } = request;
  const there = id !== undefined && mayExist ? await runOf(store, id) : undefined;
  // A run that ended before it had written its scenario goes on with what is asked for.
  const isWhole = there !== undefined && (await there.files(RUN_FILES.environment)).length > 0;
  const loaded = isWhole
    ? await reopenScenario(there, plugins, modules)
    : await loadScenario(text, { ...origin, base: new URL(base), plugins, modules });
  if (there !== undefined) return run(loaded, { ...options, resume: there.id });
  return run(loaded, { ...options, ...(id !== undefined && { id }) });
}

/** A run; undefined where there is none. */
export async function runOf(store: Store, id: string): Promise<RunReader | undefined> {
  try {
    return await store.open(id);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

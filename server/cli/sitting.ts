/**
 * A sitting of a run: begun anew or taken up again, in a process of its own or in this one.
 *
 * @module
 */
import type { Observable } from "rxjs";
import {
  loadScenario,
  type RunEvent,
  type RunResult,
  reopenScenario,
  run,
  type Store,
} from "../../core/mod.ts";
import { environment } from "../trainer/environment.ts";
import { startTrainer, type TrainerRequest, type WhenAlone } from "../trainer/mod.ts";
import type { Host } from "./host.ts";

/** Options of every command that trains. */
export interface SittingOptions {
  /** Folder of the runs. */
  readonly runs: string;
  /** Trains in this process. */
  readonly inProcess?: boolean;
  /** What a trainer does when this process is gone. */
  readonly whenAlone?: WhenAlone;
}

/** A run under way. */
export interface Sitting {
  /** Subscribe at once. */
  readonly events: Observable<RunEvent>;
  /** Settles when the process that trained is gone; undefined where that is this one. */
  readonly ended?: Promise<RunResult>;
  /** Ends a trainer at once; a run in this process ends with it. */
  kill?(): void;
}

/**
 * Begins a sitting.
 * @param signal stops it after the step under way
 * @throws InputError where the scenario is refused; from a trainer, `events` errors with it
 */
export async function sit(
  request: TrainerRequest,
  options: SittingOptions,
  store: Store,
  { plugins }: Host,
  signal: AbortSignal,
): Promise<Sitting> {
  if (!options.inProcess) {
    const { whenAlone = "stop" } = options;
    const trainer = startTrainer(request, { store, whenAlone });
    const cancel = (): void => trainer.cancel((signal.reason as Error).message);
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
    return trainer;
  }
  const about = { signal, store, environment: { ...request.about, ...(await environment()) } };
  if ("resume" in request) {
    const loaded = await reopenScenario(await store.open(request.resume), plugins);
    return { events: run(loaded, { ...about, resume: request.resume }) };
  }
  const { text, base, ...origin } = request.scenario;
  const loaded = await loadScenario(text, { ...origin, base: new URL(base), plugins });
  return { events: run(loaded, about) };
}

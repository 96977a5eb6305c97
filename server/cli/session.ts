/**
 * A session of a run as the commands see it: in a process of its own, or in this one.
 *
 * @module
 */
import type { Observable } from "rxjs";
import type { RunEvent, RunResult, Store } from "../../core/mod.ts";
import { startTrainer, type TrainerRequest, type WhenAlone } from "../trainer/mod.ts";
import { openRun } from "../trainer/open-run.ts";
import type { Host } from "./host.ts";
import type { RunsOptions } from "./runs.ts";

/** Options of every command that trains. */
export interface SessionOptions extends RunsOptions {
  /** Trains in this process. */
  readonly inProcess?: boolean;
  /** What a trainer does when this process is gone. */
  readonly whenAlone?: WhenAlone;
  /** Seconds that a trainer has to stop. */
  readonly grace?: number;
}

/** A run that goes on. */
export interface Session {
  /** Subscribe at once. */
  readonly events: Observable<RunEvent>;
  /** Settles when the process that trained is gone; undefined where that is this one. */
  readonly ended?: Promise<RunResult>;
  /** Ends a trainer at once; a run in this process ends with it. */
  kill?(): void;
}

/**
 * Starts or resumes a run.
 * @param signal interrupts it after the step under way
 * @throws InputError where the scenario is refused; from a trainer, `events` errors with it
 */
export async function startSession(
  request: TrainerRequest,
  { inProcess, whenAlone = "stop", grace }: SessionOptions,
  store: Store,
  { plugins }: Host,
  signal: AbortSignal,
): Promise<Session> {
  if (inProcess) return { events: await openRun(request, { store, plugins, signal }) };
  const trainer = startTrainer(request, { store, whenAlone, grace });
  const cancel = (): void => trainer.cancel((signal.reason as Error).message);
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  return trainer;
}

/**
 * Runs a scenario: an Observable of its events, each of which is stored before it is seen. A run that was interrupted
 * resumes from its newest checkpoint, with the results that it would have had without the interruption.
 *
 * @module
 */
import { Observable } from "rxjs";
import type { RunEvent } from "../run/event.ts";
import type { Store } from "../run/store.ts";
import type { LoadedScenario } from "../scenario/scenario.ts";
import { NO_PAST, readPast } from "./past.ts";
import { runSession } from "./session.ts";

/** What a run needs beside its scenario. */
export interface RunOptions {
  readonly store: Store;
  /** Interrupts the run when aborted: it finishes the step under way and writes a checkpoint. */
  readonly signal?: AbortSignal;
  /** What is known of the machine and the code; stored with the run. */
  readonly environment?: Readonly<Record<string, unknown>>;
  /** Id of a run to resume, whose scenario is the one given. Without it a new run starts. */
  readonly resume?: string;
  /** Id of the run that starts, see `isRunId`; the store makes one up unless given. */
  readonly id?: string;
}

/**
 * Runs a scenario. Nothing happens before a subscription, and each subscription is a run of its own: use `share()`
 * where several watch one. Unsubscribing interrupts the run. The last event is always `ended`, and by then the result
 * is stored. The Observable then completes, whatever the run's status. It errors only where the store cannot write the
 * run: with an InputError where none can be started or resumed, with a RunError where its end cannot be stored, and
 * with a RunLost where another process has taken the run over: then this one stops after the step under way, and records
 * nothing more.
 *
 * A resumed run emits only the events that no earlier session emitted, numbered on from those. It ends with the same
 * metrics, bit for bit, as one that was never interrupted on the same engine and machine.
 */
export function run(loaded: LoadedScenario, options: RunOptions): Observable<RunEvent> {
  return new Observable((subscriber) => {
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    execute(loaded, options, signal, (event) => subscriber.next(event)).then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    );
    return () => stop.abort(new Error("nobody is subscribed to this run any more"));
  });
}

async function execute(
  loaded: LoadedScenario,
  { store, environment = {}, resume, id }: RunOptions,
  signal: AbortSignal,
  show: (event: RunEvent) => void,
): Promise<void> {
  const { name } = loaded.scenario;
  const writer = await (resume === undefined ? store.create(name, { id }) : store.resume(resume));
  try {
    const past = resume === undefined ? NO_PAST : await readPast(store, resume);
    const stop = AbortSignal.any([signal, writer.lost]);
    await runSession({ loaded, store, environment, writer, past, signal: stop, show });
  } finally {
    await writer.close();
  }
}

/**
 * Runs a scenario: an Observable of what happens, every event of it kept in a store before it is seen.
 *
 * @module
 */
import { Observable } from "rxjs";
import { stringify } from "yaml";
import { type Application, Applications, type RunContext } from "./application.ts";
import { type EngineInfo, Engines } from "./engine.ts";
import { InputError, messageOf, RunError } from "./errors.ts";
import type { EventBody, Numbers, RunEvent, RunStatus } from "./event.ts";
import { judgeExpectations } from "./expectation.ts";
import { contextOf } from "./plugin.ts";
import { Key } from "./random.ts";
import type { LoadedScenario } from "./scenario.ts";
import { RUN_FILES, type RunResult, type RunWriter, type Store } from "./store.ts";

/** What a run needs beside its scenario. */
export interface RunOptions {
  readonly store: Store;
  /** Stops the run when aborted. */
  readonly signal?: AbortSignal;
  /** What is known of the machine and the code; kept with the run. */
  readonly environment?: Readonly<Record<string, unknown>>;
}

/** Lets timers, signals and sockets have their turn at least so often while a run computes. */
const BREATHE_MS = 20;

/**
 * Runs a scenario. Nothing happens before a subscription, and each subscription is a run of its own: use `share()`
 * where several are to watch one. Unsubscribing stops the run. The last event is always `ended`; the Observable then
 * completes, whatever the run's status, and errors only where the store cannot keep the run (an InputError where
 * none can be begun, a RunError where its end cannot be kept). Whoever sees `ended` finds the result kept.
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
  { store, environment = {} }: RunOptions,
  signal: AbortSignal,
  next: (event: RunEvent) => void,
): Promise<void> {
  const writer = await store.create(loaded.scenario.name);
  try {
    await record(loaded, environment, writer, signal, next);
  } finally {
    await writer.close();
  }
}

/** Runs a scenario, keeping all that comes of it. */
async function record(
  { scenario, container, base }: LoadedScenario,
  environment: Readonly<Record<string, unknown>>,
  writer: RunWriter,
  signal: AbortSignal,
  next: (event: RunEvent) => void,
): Promise<void> {
  const began = performance.now();
  const emit = numbered(writer, next);
  const metrics: Record<string, number> = {};
  const context = contextOf(container, base);
  const write = (path: string, value: unknown): Promise<void> =>
    writer.write(path, `${JSON.stringify(value, null, 2)}\n`);

  let status: RunStatus;
  let error: RunResult["error"];
  let started = false;
  const start = async (engine: EngineInfo): Promise<void> => {
    started = true;
    const { name, seed, application } = scenario;
    await emit({
      type: "started",
      run: writer.id,
      scenario: name,
      application: application.use,
      seed,
      engine,
      location: writer.location,
    });
  };

  try {
    await writer.write(RUN_FILES.scenario, stringify(scenario));
    const engine = await (await context.create(Engines, scenario.engine)).start();
    await write(RUN_FILES.environment, { engine, ...environment });
    await start(engine);
    const application = await context.create(Applications, scenario.application);
    await follow(
      application,
      { ...context, key: Key.from(scenario.seed), signal, artifact: keeper(writer) },
      emit,
      metrics,
    );
    signal.throwIfAborted();
    status = "passed";
  } catch (thrown) {
    status = signal.aborted ? "cancelled" : "failed";
    if (status === "failed") {
      error = { kind: thrown instanceof InputError ? "input" : "run", message: messageOf(thrown) };
    }
    if (!started) {
      await write(RUN_FILES.environment, environment);
      await start({ name: scenario.engine.use, version: "", device: "", reason: "did not start" });
    }
  }

  const expectations = status === "passed" ? judgeExpectations(scenario.expect, metrics) : [];
  for (const expectation of expectations) await emit({ type: "expectation", ...expectation });
  if (expectations.some((e) => !e.met)) status = "missed";
  const seconds = (performance.now() - began) / 1000;
  const result: RunResult = {
    run: writer.id,
    scenario: scenario.name,
    status,
    metrics,
    expectations,
    seconds,
    ...(error && { error }),
  };
  await write(RUN_FILES.result, result);
  await emit({ type: "ended", status, seconds, ...(error && { error: error.message }) });
}

/** Passes an application's events on, collecting its metrics and giving the event loop its turns. */
async function follow(
  application: Application,
  context: RunContext,
  emit: (body: EventBody) => Promise<void>,
  metrics: Record<string, number>,
): Promise<void> {
  let breathed = performance.now();
  for await (const body of application.run(context)) {
    if (body.type === "metrics") Object.assign(metrics, finite(body.values));
    await emit(body);
    if (performance.now() - breathed > BREATHE_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      breathed = performance.now();
    }
  }
}

/** @throws RunError where a metric is not a finite number */
function finite(values: Numbers): Numbers {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new RunError(`metric "${name}" is ${value}, not a finite number`);
  }
  return values;
}

/** Numbers, dates, keeps and passes on events. */
function numbered(writer: RunWriter, next: (event: RunEvent) => void): (body: EventBody) => Promise<void> {
  let seq = 0;
  return async (body) => {
    const event: RunEvent = { seq: seq + 1, time: new Date().toISOString(), ...body };
    await writer.append(event);
    seq = event.seq;
    next(event);
  };
}

/** Keeps artifacts under `artifacts/`. */
function keeper(writer: RunWriter): RunContext["artifact"] {
  return async (name, title, data) => {
    const path = `artifacts/${name}`;
    await writer.write(path, data);
    return { type: "artifact", path, title, bytes: data.byteLength };
  };
}

/**
 * Runs a scenario: an Observable of what happens, every event of it kept in a store before it is seen. A run that was
 * interrupted is taken up again from its newest checkpoint, as if it had never stopped.
 *
 * @module
 */
import { Observable } from "rxjs";
import { stringify } from "yaml";
import { InputError, messageOf, RunError } from "../plugin/errors.ts";
import { contextOf } from "../plugin/plugin.ts";
import { type Application, Applications, type RunContext } from "../run/application.ts";
import { type Checkpoint, checkpointer, newestCheckpoint, sha256 } from "../run/checkpoint.ts";
import { type Engine, type EngineInfo, Engines } from "../run/engine.ts";
import {
  type EventBody,
  isOfApplication,
  type Numbers,
  type RunEvent,
  type RunStatus,
} from "../run/event.ts";
import { type ExpectationResult, judgeExpectations } from "../run/expectation.ts";
import { openState } from "../run/state.ts";
import { RUN_FILES, type RunReader, type RunResult, type RunWriter, type Store } from "../run/store.ts";
import type { LoadedScenario, Scenario } from "../scenario/scenario.ts";
import { Key } from "../tensor/key.ts";

/** What a run needs beside its scenario. */
export interface RunOptions {
  readonly store: Store;
  /** Stops the run when aborted: the step under way is finished and a checkpoint written. */
  readonly signal?: AbortSignal;
  /** What is known of the machine and the code; kept with the run. */
  readonly environment?: Readonly<Record<string, unknown>>;
  /** Id of a run to take up again; its scenario is the one given. Without it a new run begins. */
  readonly resume?: string;
}

/** Lets timers, signals and sockets have their turn at least so often while a run computes. */
const BREATHE_MS = 20;

/**
 * Runs a scenario. Nothing happens before a subscription, and each subscription is a run of its own: use `share()`
 * where several are to watch one. Unsubscribing stops the run. The last event is always `ended`; the Observable then
 * completes, whatever the run's status, and errors only where the store cannot keep the run (an InputError where
 * none can be begun or taken up again, a RunError where its end cannot be kept). Whoever sees `ended` finds the result
 * kept.
 *
 * A run that is taken up again gives the events that it has not given before, numbered on from those, and in the end
 * the same metrics, bit for bit, as one that was never interrupted on the same engine and machine.
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
  { store, environment = {}, resume }: RunOptions,
  signal: AbortSignal,
  next: (event: RunEvent) => void,
): Promise<void> {
  const writer = await (resume === undefined ? store.create(loaded.scenario.name) : store.resume(resume));
  try {
    const past = resume === undefined ? NOTHING : await pastOf(store, resume);
    await sit(loaded, environment, writer, past, signal, next);
  } finally {
    await writer.close();
  }
}

/** What earlier sittings of a run have left. */
interface Past {
  readonly events: readonly RunEvent[];
  readonly checkpoint: Checkpoint | undefined;
  readonly files: readonly string[];
  /** Files that were found damaged, though the run can go on without them. */
  readonly damaged: readonly string[];
  /** Checkpoints of events that the log has lost: once it is as long again, they would be taken for its own. */
  readonly ahead: readonly string[];
}

const NOTHING: Past = { events: [], checkpoint: undefined, files: [], damaged: [], ahead: [] };

/** @throws InputError where the run has come to its end, or cannot be gone on with */
async function pastOf(store: Store, id: string): Promise<Past> {
  const reader = await store.open(id);
  const events = await reader.events();
  const end = events.findLast(({ type }) => type === "ended" || type === "resumed");
  if (end?.type === "ended" && (end.status === "passed" || end.status === "missed")) {
    throw new InputError(`run ${id} has come to its end (${end.status}): there is nothing to resume`);
  }
  const { checkpoint, damaged, ahead } = await newestCheckpoint(reader, events.length);
  if (checkpoint !== undefined) await mustBelong(reader, events, checkpoint);
  return {
    events,
    checkpoint,
    files: await reader.files(""),
    damaged: [...damaged, ...(await damagedArtifacts(reader, events))],
    ahead,
  };
}

/** @throws InputError where scenario or log are not those that the checkpoint was written beside */
async function mustBelong(
  reader: RunReader,
  events: readonly RunEvent[],
  { path, record }: Checkpoint,
): Promise<void> {
  const { lines, hash } = record.log;
  const altered = (file: string): InputError =>
    new InputError(
      `run ${reader.id}: ${file} is not what it was when ${path} was written: it is damaged, or was changed. ` +
        `Restore it, or start the run anew`,
    );
  if (hashOf(events.slice(0, lines).reduce(hashed, EMPTY_LOG)) !== hash) throw altered(RUN_FILES.events);
  if ((await sha256(await reader.read(RUN_FILES.scenario))) !== record.scenario)
    throw altered(RUN_FILES.scenario);
}

/** What of the artifacts is no longer as it was kept. */
async function damagedArtifacts(reader: RunReader, events: readonly RunEvent[]): Promise<string[]> {
  const newest = new Map(events.flatMap((e) => (e.type === "artifact" ? [[e.path, e.sha256] as const] : [])));
  const found: string[] = [];
  for (const [path, expected] of newest) {
    const sound = await reader.read(path).then(
      async (bytes) => (await sha256(bytes)) === expected,
      () => false,
    );
    if (!sound) found.push(`${path} is missing or not what was kept; it is not made again`);
  }
  return found;
}

/** A hash of a log, line by line: of its events as they stand there. */
const EMPTY_LOG: Key = Key.from("log");
const hashed = (log: Key, event: RunEvent): Key => log.fold(JSON.stringify(event));
const hashOf = (log: Key): string =>
  Array.from(log.integers(4, 2 ** 32), (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");

/** One sitting: runs a scenario to its end, or until it is interrupted, keeping all that comes of it. */
async function sit(
  { scenario, container, base }: LoadedScenario,
  environment: Readonly<Record<string, unknown>>,
  writer: RunWriter,
  past: Past,
  signal: AbortSignal,
  next: (event: RunEvent) => void,
): Promise<void> {
  const { checkpoint } = past;
  const began = performance.now() - (checkpoint?.record.seconds ?? 0) * 1000;
  const seconds = (): number => (performance.now() - began) / 1000;
  const log = logOf(writer, past.events, next);
  const { emit } = log;
  const context = contextOf(container, base);
  const write = (path: string, value: unknown): Promise<void> =>
    writer.write(path, `${JSON.stringify(value, null, 2)}\n`);

  let status: RunStatus;
  let error: RunResult["error"];
  let metrics: Numbers = {};
  let begun = false;
  const text = stringify(scenario);
  /** Lays down what it takes to take the run up again, before anything of it can break. */
  const found = async (engine?: EngineInfo): Promise<void> => {
    await writer.write(RUN_FILES.scenario, text);
    await write(RUN_FILES.environment, { ...(engine && { engine }), base: base.href, ...environment });
  };
  const begin = async (started?: EngineInfo): Promise<void> => {
    const engine = started ?? { name: scenario.engine.use, version: "", device: "", reason: "did not start" };
    if (past.events.length > 0) {
      for (const path of past.ahead) await writer.remove(path);
      await emit({ type: "resumed", from: checkpoint?.path ?? null, engine, notes: notesOn(past, engine) });
      begun = true;
      await writer.remove(RUN_FILES.result); // that of the sitting before
      return;
    }
    await found(started);
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
    begun = true;
  };

  let executing: Engine | undefined;
  try {
    if (past.events.length === 0) await found();
    executing = await context.create(Engines, scenario.engine);
    const engine = await executing.start();
    await begin(engine);
    const application = await context.create(Applications, scenario.application);
    const account = accountOf(past, emit);
    const checkpoints = checkpointer(writer, scenario.checkpoint.keep, past.files);
    const clock = clockOf(scenario.checkpoint);
    const state = openState({
      from: checkpoint?.snapshot,
      signal,
      due: clock.due,
      pause: pauses(),
      async save(snapshot) {
        const written = await checkpoints.save(snapshot, {
          events: account.given(),
          log: log.soFar(),
          scenario: await sha256(text),
          metrics: { ...metrics },
          seconds: seconds(),
          engine: engine.name,
        });
        clock.restart();
        await emit({ type: "checkpoint", ...written });
      },
    });
    metrics = account.metrics;
    const { sentinels } = scenario;
    const key = Key.from(scenario.seed);
    const given: RunContext = {
      ...context,
      key,
      signal,
      state: state.root,
      sentinels,
      artifact: keeper(writer),
    };
    await follow(application, given, async (body) => {
      if (state.caughtUp()) await account.pass(body);
      if (!state.used()) signal.throwIfAborted(); // it never settles: its events are all the moments there are
    });
    if (!state.caughtUp()) {
      throw new RunError(
        `the application has ended before the moment of checkpoint ${checkpoint!.path} ` +
          `(${checkpoint!.record.state.moment}): it or a plugin has changed since. Start the run anew`,
      );
    }
    signal.throwIfAborted();
    status = "passed";
  } catch (thrown) {
    status = signal.aborted ? "cancelled" : "failed";
    if (status === "failed") {
      const cause = (await executing?.broken?.()) ?? thrown;
      error = { kind: cause instanceof InputError ? "input" : "run", message: messageOf(cause) };
    }
    if (!begun) await insistently(() => begin());
  }

  const expectations = status === "passed" ? judgeExpectations(scenario.expect, metrics) : [];
  const told = new Set(expectationsTold(past.events).map(({ metric }) => metric));
  for (const expectation of expectations) {
    if (!told.has(expectation.metric)) await insistently(() => emit({ type: "expectation", ...expectation }));
  }
  if (expectations.some((e) => !e.met)) status = "missed";
  const result: RunResult = {
    run: writer.id,
    scenario: scenario.name,
    status,
    metrics,
    expectations,
    seconds: seconds(),
    ...(error && { error }),
  };
  await insistently(() => write(RUN_FILES.result, result));
  await insistently(() =>
    emit({ type: "ended", status, seconds: result.seconds, ...(error && { error: error.message }) }),
  );
}

/** Tries once more: a store may set room aside for the end of a run, and give it up where it finds no other. */
async function insistently(keep: () => Promise<void>): Promise<void> {
  await keep().catch(keep);
}

/**
 * Ends a run whose process is gone as failed: for whoever watched it.
 * @param reason why it failed
 * @returns the events that say so
 * @throws as the store does; an InputError where the run has come to its end
 */
export async function recordFailure(store: Store, id: string, reason: string): Promise<readonly RunEvent[]> {
  const writer = await store.resume(id);
  try {
    const known = await (await store.open(id)).events();
    const first = known.find((event) => event.type === "started");
    const last = known.at(-1);
    if (last?.type === "ended" && (last.status === "passed" || last.status === "missed"))
      throw new InputError(`run ${id} has come to its end (${last.status})`);
    const scenario = first?.scenario ?? id;
    const told: RunEvent[] = [];
    const { emit } = logOf(writer, known, (event) => void told.push(event));
    const engine = { name: "", version: "", device: "", reason: "did not start" };
    if (last?.type === "ended") {
      // It died before it could say that it had taken the run up again.
      await insistently(() => emit({ type: "resumed", from: null, engine, notes: [] }));
    }
    if (last === undefined) {
      const { location } = writer;
      await insistently(() =>
        emit({ type: "started", run: id, scenario, application: "", seed: 0, engine, location }),
      );
    }
    const between = last && first ? Date.parse(last.time) - Date.parse(first.time) : 0;
    const seconds = Math.max(0, between) / 1000; // clocks are set back now and then
    const result: RunResult = {
      run: id,
      scenario,
      status: "failed",
      metrics: {},
      expectations: [],
      seconds,
      error: { kind: "run", message: reason },
    };
    await insistently(() => writer.write(RUN_FILES.result, `${JSON.stringify(result, null, 2)}\n`));
    await insistently(() => emit({ type: "ended", status: "failed", seconds, error: reason }));
    return told;
  } finally {
    await writer.close();
  }
}

/** What may make a resumed run come out differently, or was found damaged. */
function notesOn({ checkpoint, damaged }: Past, engine: EngineInfo): string[] {
  const before = checkpoint?.record.engine;
  return [
    ...damaged,
    ...(before === undefined || before === engine.name
      ? []
      : [
          `begun on engine ${before}, goes on with ${engine.name}: numbers are rounded differently from here on`,
        ]),
  ];
}

/** Expectations told by a sitting that was interrupted just before its end. */
function expectationsTold(events: readonly RunEvent[]): ExpectationResult[] {
  const from = events.findLastIndex(({ type }) => type === "ended" || type === "resumed");
  return events.slice(from + 1).filter((event) => event.type === "expectation");
}

/** Keeps account of an application's events: which ones a reader has already, and what metrics they carry. */
function accountOf({ events, checkpoint }: Past, emit: (body: EventBody) => Promise<void>) {
  const known = events.filter(isOfApplication);
  let given = checkpoint?.record.events ?? 0;
  const metrics: Record<string, number> = { ...checkpoint?.record.metrics };
  return {
    metrics,
    /** How many events the application has given, over all sittings, before this moment. */
    given: () => given,
    async pass(body: EventBody): Promise<void> {
      const event =
        body.type === "progress" ? { ...body, ...(body.values && { values: sound(body.values) }) } : body;
      const had = known[given];
      if (had !== undefined && had.type !== event.type) {
        throw new RunError(
          `event ${had.seq} was "${had.type}" before the run was interrupted, and is "${event.type}" now: ` +
            `what the application yields must depend on nothing but its key and state. Start the run anew`,
        );
      }
      if (event.type === "metrics") Object.assign(metrics, finite(event.values));
      given++;
      if (had === undefined) await emit(event);
    },
  };
}

/** JSON has no other numbers than finite ones. */
function sound(values: Numbers): Numbers {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}

/** Tells when a checkpoint is due. */
function clockOf({ seconds, steps = Number.POSITIVE_INFINITY }: Scenario["checkpoint"]) {
  let last = performance.now();
  let moments = 0;
  return {
    due: (): boolean => ++moments >= steps || performance.now() - last >= seconds * 1000,
    restart(): void {
      last = performance.now();
      moments = 0;
    },
  };
}

/** Gives the event loop a turn where it has had none for a while. */
function pauses(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < BREATHE_MS) return undefined;
    return new Promise((resolve) =>
      setTimeout(() => {
        last = performance.now();
        resolve();
      }),
    );
  };
}

/** Passes an application's events on, giving the event loop its turns. */
async function follow(
  application: Application,
  context: RunContext,
  pass: (body: EventBody) => Promise<void>,
): Promise<void> {
  const pause = pauses();
  for await (const body of application.run(context)) {
    await pass(body);
    await pause();
  }
}

/** @throws RunError where a metric is not a finite number */
function finite(values: Numbers): Numbers {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new RunError(`metric "${name}" is ${value}, not a finite number`);
  }
  return values;
}

/**
 * A run's log being written: numbers events, dates them, keeps them and passes them on.
 * @param past the events that are there
 */
function logOf(writer: RunWriter, past: readonly RunEvent[], next: (event: RunEvent) => void) {
  let seq = past.at(-1)?.seq ?? 0;
  let lines = past.length;
  let hash = past.reduce(hashed, EMPTY_LOG);
  return {
    async emit(body: EventBody): Promise<void> {
      const event: RunEvent = { seq: seq + 1, time: new Date().toISOString(), ...body };
      await writer.append(event);
      seq = event.seq;
      lines++;
      hash = hashed(hash, event);
      next(event);
    },
    soFar: () => ({ lines, hash: hashOf(hash) }),
  };
}

/** Keeps artifacts under `artifacts/`. */
function keeper(writer: RunWriter): RunContext["artifact"] {
  return async (name, title, data) => {
    const path = `artifacts/${name}`;
    await writer.write(path, data);
    return { type: "artifact", path, title, bytes: data.byteLength, sha256: await sha256(data) };
  };
}

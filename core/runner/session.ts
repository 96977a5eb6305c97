/**
 * A session of a run: from its start or its newest checkpoint, to its end or an interruption. A run has as many
 * sessions as it takes to end.
 *
 * @module
 */
import { stringify } from "yaml";
import { contextOf } from "../plugin/context.ts";
import { InputError, messageOf, RunError } from "../plugin/errors.ts";
import { preview } from "../plugin/messages.ts";
import { type Application, Applications, type RunContext } from "../run/application.ts";
import { checkApplicationEvent } from "../run/application-event.ts";
import { checkpointer, sha256 } from "../run/checkpoint.ts";
import { type Engine, type EngineInfo, Engines } from "../run/engine.ts";
import type { RunEvent } from "../run/event.ts";
import { RunPaused } from "../run/pause.ts";
import { type KeptState, openState } from "../run/state.ts";
import type { RunWriter, Store } from "../run/store.ts";
import { permitOf } from "../scenario/allow.ts";
import type { LoadedScenario } from "../scenario/scenario.ts";
import { Key } from "../tensor/key.ts";
import { type Account, openAccount } from "./account.ts";
import { checkpointClock, pauses, stopwatch } from "./clock.ts";
import { conclude, type Outcome, twice } from "./conclusion.ts";
import { brokeIn, failureOf } from "./failure.ts";
import { openLog, type RunLog } from "./log.ts";
import { hashesOf, openingOf } from "./opening.ts";
import type { Past } from "./past.ts";

/** What a session needs. */
export interface SessionOptions {
  readonly loaded: LoadedScenario;
  readonly store: Store;
  /** What is known of the machine and the code; written beside a run that starts. */
  readonly environment: Readonly<Record<string, unknown>>;
  readonly writer: RunWriter;
  readonly past: Past;
  /** Interrupts the session when aborted. */
  readonly signal: AbortSignal;
  /** Called with each event once it is stored. */
  readonly show: (event: RunEvent) => void;
}

/** What the parts of a session share. */
interface Session extends SessionOptions {
  /** The scenario as it is written beside the run. */
  readonly text: string;
  readonly log: RunLog;
  readonly account: Account;
  /** Wall time of the run over all sessions. */
  readonly seconds: () => number;
}

/**
 * Runs a session. What goes wrong in it ends the run as failed.
 * @throws as the writer does, where the end of the session cannot be stored; RunLost where the run was taken over
 */
export async function runSession(options: SessionOptions): Promise<void> {
  const { loaded, environment, writer, past, show } = options;
  const { scenario, base, plugins, allow } = loaded;
  const text = stringify(scenario);
  const log = openLog(writer, past.events, show, past.hash);
  const account = openAccount(past, log.emit);
  const seconds = stopwatch(past.checkpoint?.record.seconds ?? 0);
  const session: Session = { ...options, text, log, account, seconds };
  const opening = openingOf({ scenario, text, base, plugins, environment, allow, writer, past, log });
  const outcome = await outcomeOf(session, opening.prepare, opening.open);
  writer.lost.throwIfAborted(); // how it went is for the writer to say that has the run now
  await twice(() => opening.open()); // does nothing where it was opened
  await conclude(
    { outcome, metrics: account.metrics, seconds: seconds() },
    scenario,
    writer,
    log,
    past.events,
  );
}

/** Runs the application on its engine. Never rejects: what goes wrong is the outcome. */
async function outcomeOf(
  session: Session,
  prepare: () => Promise<void>,
  open: (engine: EngineInfo) => Promise<void>,
): Promise<Outcome> {
  const { loaded, signal } = session;
  const { scenario, registry, base } = loaded;
  const context = contextOf(registry, { base, keys: [], options: scenario, ...permitOf(loaded) });
  let engine: Engine | undefined;
  try {
    await prepare();
    engine = await context.create(Engines, scenario.engine);
    const info = await started(engine, scenario.engine.use);
    await open(info);
    const application = await context.create(Applications, scenario.application);
    const state = stateOf(session, info);
    await follow(application, runContextOf(session, context, state, info), session, state);
    signal.throwIfAborted();
    return { status: "passed" };
  } catch (thrown) {
    if (signal.aborted) return { status: signal.reason instanceof RunPaused ? "paused" : "cancelled" };
    return {
      status: "failed",
      error: failureOf((await brokenEngine(engine)) ?? thrown, loaded, session.text),
    };
  }
}

/** Why an engine can compute no more, which may have broken the rest. */
async function brokenEngine(engine: Engine | undefined): Promise<unknown> {
  try {
    return await engine?.broken?.();
  } catch {
    return undefined;
  }
}

/** Starts an engine. @throws RunError that names its place in the scenario; its message is the engine's own */
async function started(engine: Engine, use: string): Promise<EngineInfo> {
  if (typeof engine?.start !== "function") {
    throw new RunError(`engine "${use}": create must return an engine with start(), got ${preview(engine)}`, {
      path: "engine",
    });
  }
  try {
    return await engine.start();
  } catch (cause) {
    throw cause instanceof InputError ? cause : new RunError(messageOf(cause), { path: "engine", cause });
  }
}

/** The state of the run, with the values of the checkpoint that the session resumes from. */
function stateOf({ loaded, writer, past, signal, ...session }: Session, engine: EngineInfo): KeptState {
  const { checkpoint: policy } = loaded.scenario;
  const { text, log, account, seconds } = session;
  const checkpoints = checkpointer(writer, policy.keep, past.files, past.checkpoint?.record);
  const clock = checkpointClock(policy);
  return openState({
    from: past.checkpoint?.snapshot,
    signal,
    due: clock.due,
    pause: pauses(),
    async save(snapshot) {
      const written = await checkpoints.save(snapshot, {
        events: account.count(),
        log: log.extent(),
        scenario: await sha256(text),
        metrics: { ...account.metrics },
        seconds: seconds(),
        engine: engine.name,
        plugins: hashesOf(loaded.plugins),
      });
      clock.restart();
      await log.emit({ type: "checkpoint", ...written });
    },
  });
}

function runContextOf(
  { loaded, store, writer, signal, environment }: Session,
  context: ReturnType<typeof contextOf>,
  state: KeptState,
  engine: EngineInfo,
): RunContext {
  const { seed, sentinels } = loaded.scenario;
  return {
    ...context,
    run: writer.id,
    key: Key.from(seed),
    origin: { seed, engine, environment },
    signal,
    state: state.root,
    store,
    sentinels,
    async artifact(name, title, data) {
      const path = `artifacts/${name}`;
      await writer.write(path, data);
      return { type: "artifact", path, title, bytes: data.byteLength, sha256: await sha256(data) };
    },
  };
}

/**
 * Runs an application to its end, event by event, giving the event loop its turns.
 * @throws RunError where it breaks, yields what no application may, or ends before the moment of its checkpoint
 */
async function follow(
  application: Application,
  context: RunContext,
  { loaded, past, signal, account }: Session,
  state: KeptState,
): Promise<void> {
  const { use } = loaded.scenario.application;
  const name = `application "${use}"`;
  const fail = (message: string): never => {
    throw new RunError(message, { path: "application" });
  };
  if (typeof application?.run !== "function") {
    fail(`${name}: create must return an application with run(context), got ${preview(application)}`);
  }
  const pause = pauses();
  try {
    for await (const given of application.run(context)) {
      const event = checkApplicationEvent(given, use);
      if (state.caughtUp()) await account.pass(event);
      if (!state.used()) signal.throwIfAborted(); // it never settles: only its events give a chance to stop
      await pause();
    }
  } catch (error) {
    throw signal.aborted ? error : brokeIn(name, "application", error);
  }
  if (state.caughtUp()) return;
  const { path, record } = past.checkpoint!;
  fail(
    `${name} has ended before the moment of checkpoint ${path} (${record.state.moment}): ` +
      "it or a plugin has changed since. Start the run anew",
  );
}

/**
 * A trainer: the process in which a run computes, so that whoever watches it stays free, and may end before it.
 * Started by {@link startTrainer}, with which it talks over Node's channel between processes.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { lastValueFrom } from "rxjs";
import {
  assemble,
  contextOf,
  type EngineInfo,
  Engines,
  InputError,
  loadScenario,
  messageOf,
  NotAllowed,
  RunLost,
  type RunWriter,
  reopenScenario,
  type Store,
  stackOf,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { modules } from "./modules.ts";
import { openRun } from "./open-run.ts";
import { openStore } from "./open-store.ts";
import { type FromTrainer, type SentError, type ToTrainer, type TrainerRequest, WINDOW } from "./protocol.ts";
import { requireShort, requireSize } from "./size.ts";
import { watchOver } from "./watchdog.ts";

const stop = new AbortController();
let whenAlone: "finish" | "stop" = "stop";
let free = WINDOW;
let wake: (() => void) | undefined;

process.on("message", (message: ToTrainer) => {
  switch (message.kind) {
    case "start":
      whenAlone = message.whenAlone;
      watchOver({
        parent: message.watcher,
        ...(whenAlone === "stop" && { alone: message.grace }),
        ...(message.memory !== undefined && { memory: message.memory }),
      });
      if (!process.connected) alone(); // its watcher was gone before it could listen
      train(message.request).then(
        () => leave({ kind: "done" }),
        (error) => leave({ kind: "error", error: sendable(error) }),
      );
      break;
    case "probe":
      probe().then(
        (engine) => leave({ kind: "engine", engine }),
        (error) => leave({ kind: "error", error: sendable(error) }),
      );
      break;
    case "check":
      process.send?.({ kind: "checking" } satisfies FromTrainer, undefined, undefined, () => {
        check(message.request, message.size).then(
          (title) => send({ kind: "checked", title }),
          (error) => send({ kind: "refused", error: sendable(error) }),
        );
      });
      break;
    case "taken":
      free += message.events;
      wake?.();
      break;
    case "cancel":
      stop.abort(new Error(message.reason));
      break;
  }
});
process.on("disconnect", alone);
for (const printed of [process.stdout, process.stderr]) {
  printed.on("error", () => {}); // nobody reads it any more: no reason to break off the run
}
process.on("SIGTERM", () => stop.abort(new Error("stopped by SIGTERM")));
process.on("SIGINT", () => {}); // a terminal's Ctrl-C is for the watcher, which passes it on
// Thrown in a timer or a rejected promise that nobody awaits: what the process computes from here on means nothing.
process.on("uncaughtException", (error) => {
  process.stderr.write(`${stackOf(error) ?? messageOf(error)}\n`);
  leave({ kind: "crashed", error: sendable(error) });
});

/** What to do once nobody watches. */
function alone(): void {
  wake?.(); // nobody takes events in any more
  if (whenAlone === "stop") stop.abort(new Error("the process that watched this run is gone"));
}

async function train(request: TrainerRequest): Promise<void> {
  const store = telling(await openStore(request, builtinPlugins));
  await lastValueFrom(await openRun(request, { store, plugins: builtinPlugins, signal: stop.signal }));
}

/** Checks a request as a run would before it begins. @param size that its scenario may have @returns its title */
async function check(request: TrainerRequest, size: number | undefined): Promise<string> {
  if ("resume" in request) {
    const store = await openStore(request, builtinPlugins);
    await reopenScenario(await store.open(request.resume), builtinPlugins, modules);
    return request.resume;
  }
  const { text, base, ...origin } = request.scenario;
  const loaded = await loadScenario(text, {
    ...origin,
    base: new URL(base),
    plugins: builtinPlugins,
    modules,
  });
  requireShort(loaded);
  if (size !== undefined) requireSize(loaded, size);
  return loaded.scenario.name;
}

/** What a scenario runs on here that names no engine. */
async function probe(): Promise<EngineInfo> {
  const context = contextOf(await assemble(builtinPlugins), pathToFileURL(`${process.cwd()}/`));
  const [first] = context.all(Engines);
  return await (await context.create(Engines, first!.name)).start();
}

/** A store that sends each event of its runs once it is stored, and waits where the watcher lags behind. */
function telling(store: Store): Store {
  const tell = (writer: RunWriter): RunWriter => {
    send({ kind: "run", id: writer.id, epoch: writer.epoch });
    return {
      ...writer,
      async append(event) {
        await writer.append(event);
        send({ kind: "event", event });
        free--;
        while (free <= 0 && process.connected) await new Promise<void>((resolve) => (wake = resolve));
      },
    };
  };
  return {
    ...store,
    create: async (scenario, options) => tell(await store.create(scenario, options)),
    resume: async (id, options) => tell(await store.resume(id, options)),
  };
}

function send(message: FromTrainer): void {
  // A watcher may be gone and this process not know of it yet; unless somebody listens, Node would end it for that.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Sends a last message, and exits once it is sent: engines leave threads behind that would keep the process. */
function leave(message: FromTrainer): void {
  const code = message.kind === "crashed" ? 3 : 0;
  if (process.connected) process.send?.(message, undefined, undefined, () => process.exit(code));
  else process.exit(code);
}

/** So many problems of a scenario are told. */
const MOST_PROBLEMS = 100;
const TOO_DEEP = "the scenario is nested too deeply";

function sendable(error: unknown): SentError {
  const stack = stackOf(error);
  const isTooDeep = error instanceof RangeError && /call stack/i.test(error.message);
  const kind = { isInput: error instanceof InputError || isTooDeep, isLost: error instanceof RunLost };
  const sent = { ...kind, message: isTooDeep ? TOO_DEEP : messageOf(error), ...(stack && { stack }) };
  if (!(error instanceof InputError)) return sent;
  const problems = error.problems.slice(0, MOST_PROBLEMS);
  const left = error.problems.length - problems.length;
  if (left > 0) problems.push({ path: "", message: `and ${left} more` });
  return {
    ...sent,
    isRefused: error instanceof NotAllowed,
    problems,
    file: error.file,
    mayPass: error.mayPass,
  };
}

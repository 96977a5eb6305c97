/**
 * A trainer: the process in which a run computes, so that whoever watches stays free, and outlives it.
 * Started by {@link startTrainer}, with which it talks over Node's channel between processes.
 *
 * @module
 */
import { lastValueFrom } from "rxjs";
import {
  assemble,
  contextOf,
  InputError,
  loadScenario,
  messageOf,
  type RunWriter,
  reopenScenario,
  run,
  type Store,
  Stores,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { environment } from "./environment.ts";
import { type FromTrainer, type SentError, type ToTrainer, type TrainerRequest, WINDOW } from "./protocol.ts";

const stop = new AbortController();
let whenAlone: "finish" | "stop" = "stop";
let free = WINDOW;
let wake: (() => void) | undefined;

process.on("message", (message: ToTrainer) => {
  switch (message.kind) {
    case "start":
      whenAlone = message.whenAlone;
      if (!process.connected) alone(); // it was gone before it could be heard
      train(message.request).then(
        () => leave({ kind: "done" }),
        (error) => leave({ kind: "error", error: sendable(error) }),
      );
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
process.on("SIGINT", () => {}); // a terminal's Ctrl-C is the watcher's to hear, and to pass on

/** What to do once nobody watches. */
function alone(): void {
  wake?.(); // nobody takes events in any more
  if (whenAlone === "stop") stop.abort(new Error("the process that watched this run is gone"));
}

async function train(request: TrainerRequest): Promise<void> {
  const here = new URL(`file://${process.cwd()}/`);
  const host = contextOf(await assemble([...builtinPlugins]), here);
  const store = await host.create(Stores, { use: "folder", folder: request.runs });
  const about = { ...request.about, ...(await environment()) };
  const options = { store: telling(store), signal: stop.signal, environment: about };
  if ("resume" in request) {
    const loaded = await reopenScenario(await store.open(request.resume), builtinPlugins);
    await lastValueFrom(run(loaded, { ...options, resume: request.resume }));
  } else {
    const { text, base, overrides = [], ...named } = request.scenario;
    const origin = { ...named, base: new URL(base), plugins: builtinPlugins, overrides };
    await lastValueFrom(run(await loadScenario(text, origin), options));
  }
}

/** A store whose runs tell each event that they keep, and wait while the watcher has too many not yet taken in. */
function telling(store: Store): Store {
  const tell = (writer: RunWriter): RunWriter => {
    send({ kind: "run", id: writer.id });
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
    create: async (scenario) => tell(await store.create(scenario)),
    resume: async (id) => tell(await store.resume(id)),
  };
}

function send(message: FromTrainer): void {
  // A watcher may be gone and this process not know of it yet; unless somebody listens, Node would end it for that.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Says the last word, and ends once that is on its way: engines leave threads behind that would keep the process. */
function leave(message: FromTrainer): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => process.exit(0));
  else process.exit(0);
}

function sendable(error: unknown): SentError {
  if (!(error instanceof InputError)) return { isInput: false, message: messageOf(error) };
  return { isInput: true, message: error.message, problems: error.problems, file: error.file };
}

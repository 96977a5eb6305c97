/**
 * Runs in processes of their own. Whoever starts a trainer sees its events as they come and stays free for other
 * things; a trainer that dies, of whatever, ends its run as failed and takes nothing else down.
 *
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import { type Observable, Subject } from "rxjs";
import {
  InputError,
  RunError,
  type RunEvent,
  type RunResult,
  recordFailure,
  type Store,
} from "../../core/mod.ts";
import type { FromTrainer, SentError, ToTrainer, TrainerRequest, WhenAlone } from "./protocol.ts";

export type { ScenarioRequest, TrainerRequest, WhenAlone } from "./protocol.ts";

/** How a trainer is started. */
export interface TrainerOptions {
  /** The store of `request.runs`, in which the end of a run is looked up, and recorded where its trainer could not. */
  readonly store: Store;
  /** What it does when this process is gone; `stop` unless given. */
  readonly whenAlone?: WhenAlone;
  /** Options of the runtime, such as `--max-old-space-size=4096`. */
  readonly execArgv?: readonly string[];
  /** What the trainer's plugins and engines print, and what its runtime says when it breaks. */
  readonly output?: NodeJS.WritableStream;
}

/** A run under way in a process of its own. */
export interface Trainer {
  readonly pid: number | undefined;
  /** Id of the run, once its folder is there. Rejects as {@link ended} does where it never does. */
  readonly run: Promise<string>;
  /**
   * Events as they are kept, none of the past: subscribe at once. The last is `ended`; then it completes. Errors as
   * {@link ended} rejects.
   */
  readonly events: Observable<RunEvent>;
  /**
   * What the run came to. Rejects with an InputError where it could not be begun, with a RunError where its end could
   * not be kept.
   */
  readonly ended: Promise<RunResult>;
  /** Has the trainer finish its step, write a checkpoint, and stop. */
  cancel(reason: string): void;
  /** Ends the process at once; the run can be resumed from its last checkpoint, and says nothing of its end. */
  kill(): void;
}

const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url);
/** What a trainer sent before it ended is here by then. */
const LAST_WORDS_MS = 1000;
/** So much of what a trainer printed last is looked at for why it died. */
const TAIL = 8192;

/** Starts a trainer. */
export function startTrainer(request: TrainerRequest, options: TrainerOptions): Trainer {
  const { store, whenAlone = "stop", execArgv = [], output = process.stderr } = options;
  const events = new Subject<RunEvent>();
  const begun = Promise.withResolvers<string>();
  const ended = Promise.withResolvers<RunResult>();
  begun.promise.catch(() => {}); // who does not ask for the id need not hear of it
  ended.promise.catch(() => {}); // nor of the end
  const child = fork(ENTRY, [], {
    detached: true, // a terminal's Ctrl-C is this process's to hear
    execArgv: [...execArgv],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let id: string | undefined;
  let last: RunEvent | undefined;
  let final: FromTrainer | undefined; // what it said before it left
  let killed = false;
  const tail = tailOf(child, output);
  const tell = (message: ToTrainer): void => {
    if (child.connected) child.send(message, () => {}); // a trainer that is gone tells by its exit
  };

  child.on("message", (message: FromTrainer) => {
    switch (message.kind) {
      case "run":
        id = message.id;
        begun.resolve(id);
        break;
      case "event":
        last = message.event;
        events.next(last);
        tell({ kind: "taken", events: 1 });
        break;
      default:
        final = message;
    }
  });

  const conclude = async (code: number | null, signal: NodeJS.Signals | null): Promise<RunResult> => {
    if (final?.kind === "error") throw received(final.error);
    if (final === undefined && last?.type !== "ended") {
      if (killed) throw new RunError(`run ${id ?? ""} was stopped at once; it can be resumed`);
      const reason = causeOfDeath(code, signal, tail());
      if (id === undefined) throw new RunError(reason);
      const unheard = last === undefined ? [] : await (await store.open(id)).events(last.seq);
      for (const event of unheard) events.next(event);
      if (unheard.at(-1)?.type !== "ended")
        for (const event of await recordFailure(store, id, reason)) events.next(event);
    }
    const result = id === undefined ? undefined : await (await store.open(id)).result();
    if (result === undefined) throw new RunError(`run ${id} ended, but has no result`);
    return result;
  };
  const close = (error: unknown): void => {
    begun.reject(error);
    ended.reject(error);
    events.error(error);
  };
  child.on("error", close);
  let isConcluded = false;
  const over = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (isConcluded) return;
    isConcluded = true;
    conclude(code, signal).then((result) => {
      ended.resolve(result);
      events.complete();
    }, close);
  };
  child.on("close", over);
  child.on("exit", (code, signal) => setTimeout(over, LAST_WORDS_MS, code, signal)); // Deno may leave it at that

  tell({ kind: "start", request, whenAlone });
  return {
    pid: child.pid,
    run: begun.promise,
    events: events.asObservable(),
    ended: ended.promise,
    cancel: (reason) => tell({ kind: "cancel", reason }),
    kill() {
      killed = true;
      child.kill("SIGKILL");
    },
  };
}

/** Passes on what a trainer prints, and remembers the last of it. */
function tailOf({ stdout, stderr }: ChildProcess, output: NodeJS.WritableStream): () => string {
  let tail = "";
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output.write(text);
      tail = (tail + text).slice(-TAIL);
    });
  }
  return () => tail;
}

/** Why a trainer ended without a word, as far as can be told. */
function causeOfDeath(code: number | null, signal: NodeJS.Signals | null, tail: string): string {
  const what = "the process that trained";
  const next = "The run can be resumed from its last checkpoint";
  if (/heap out of memory|Allocation failed/i.test(tail)) {
    return `${what} ran out of memory for JavaScript (--max-old-space-size). ${next}`;
  }
  const said = tail.trim().split("\n").at(-1);
  const words = said ? `; its last words: ${said}` : "";
  if (signal === "SIGKILL") {
    return `${what} was killed (SIGKILL): by somebody, or by the system, which does so when memory runs out. ${next}`;
  }
  if (signal !== null) return `${what} crashed (${signal})${words}. ${next}`;
  return `${what} ended with code ${code} before its run did${words}. ${next}`;
}

/** An error as it was before it was sent. */
function received({ isInput, message, problems, file }: SentError): Error {
  if (!isInput) return new RunError(message);
  return new InputError(problems ?? message, file === undefined ? {} : { file });
}

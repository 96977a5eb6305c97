/**
 * Runs in processes of their own. Whoever starts a trainer sees its events as they come and stays free for other
 * things. A trainer that dies, whatever the cause, ends its run as failed and takes nothing else down.
 *
 * @module
 */
import { type Observable, Subject } from "rxjs";
import {
  InputError,
  NotAllowed,
  RunError,
  type RunEvent,
  RunLost,
  type RunResult,
  recordEnd,
  type Store,
} from "../../core/mod.ts";
import { causeOfDeath, tailOf } from "./death.ts";
import { launch, TRAINER } from "./launch.ts";
import type { FromTrainer, SentError, ToTrainer, TrainerRequest, WhenAlone } from "./protocol.ts";

export type { ScenarioRequest, TrainerRequest, WhenAlone } from "./protocol.ts";

/** How a trainer is started. */
export interface TrainerOptions {
  /** The store of `request.runs`: the result is read from it, and written to it where the trainer could not. */
  readonly store: Store;
  /** What the trainer does when this process is gone; `stop` unless given. */
  readonly whenAlone?: WhenAlone;
  /** Seconds that the trainer has to stop once it is told to, 30 unless given: then it is killed. */
  readonly grace?: number | undefined;
  /** Megabytes that the trainer may take, unbounded unless given: with more it is killed. */
  readonly memory?: number | undefined;
  /** Flags of the runtime beside those of this process, such as `--max-old-space-size=4096`. */
  readonly execArgv?: readonly string[];
  /** Gets what the trainer prints; stderr unless given. */
  readonly output?: NodeJS.WritableStream;
}

/** A run in a process of its own. */
export interface Trainer {
  readonly pid: number | undefined;
  /** Id of the run, once it exists. Rejects as {@link ended} does where it never does. */
  readonly run: Promise<string>;
  /**
   * Events as they are stored, none of earlier sessions: subscribe at once. Completes after `ended`. Errors as
   * {@link ended} rejects.
   */
  readonly events: Observable<RunEvent>;
  /**
   * The result of the run. Rejects with an InputError where the run could not be started, with a RunError where its
   * end could not be stored, with a RunLost where another process has taken the run over.
   */
  readonly ended: Promise<RunResult>;
  /** Whether the process has ended before its run did: then the end of the run was recorded from here. */
  readonly died: boolean;
  /**
   * Has the trainer finish its step, write a checkpoint, and stop. One that does not in time is killed, and its run ends
   * as cancelled at its newest checkpoint.
   */
  cancel(reason: string): void;
  /** Ends the process at once, without an `ended`; the run can be resumed from its newest checkpoint. */
  kill(): void;
}

/** What a trainer sent before it exited has arrived after so long. */
const LAST_MESSAGES_MS = 1000;
/** Seconds that a trainer has to stop. */
export const GRACE = 30;
const RESUMABLE = "The run can be resumed from its last checkpoint";

/** Starts a trainer. */
export function startTrainer(request: TrainerRequest, options: TrainerOptions): Trainer {
  const {
    store,
    whenAlone = "stop",
    grace = GRACE,
    memory,
    execArgv = [],
    output = process.stderr,
  } = options;
  const events = new Subject<RunEvent>();
  const begun = Promise.withResolvers<string>();
  const ended = Promise.withResolvers<RunResult>();
  begun.promise.catch(() => {}); // who does not ask for the id need not handle its rejection
  ended.promise.catch(() => {}); // nor that of the end
  const child = launch(TRAINER, execArgv);
  let id: string | undefined;
  let epoch = 0;
  let last: RunEvent | undefined;
  let final: FromTrainer | undefined; // its last message, where it sent one
  let killed = false;
  let died = false;
  let overdue: NodeJS.Timeout | undefined;
  let isOverdue = false;
  const tail = tailOf(child, output);
  const tell = (message: ToTrainer): void => {
    if (child.connected) child.send(message, () => {}); // that a trainer is gone is told by its exit
  };

  child.on("message", (message: FromTrainer) => {
    switch (message.kind) {
      case "run":
        ({ id, epoch } = message);
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

  /** Records the end of a run whose trainer could not. @param sent why it failed; absent of a run that was cancelled */
  const record = async (run: string, sent?: SentError): Promise<void> => {
    const unheard = last === undefined ? [] : await (await store.open(run)).events(last.seq);
    for (const event of unheard) events.next(event);
    if (unheard.at(-1)?.type === "ended") return;
    const { message, stack } = sent ?? {};
    const error = { kind: "run" as const, message: `${message}. ${RESUMABLE}`, ...(stack && { stack }) };
    const outcome = sent ? { status: "failed" as const, error } : { status: "cancelled" as const };
    for (const event of await recordEnd(store, run, outcome, epoch)) events.next(event);
  };
  const conclude = async (code: number | null, signal: NodeJS.Signals | null): Promise<RunResult> => {
    if (final?.kind === "error") throw received(final.error);
    const isOver = final?.kind === "done" || last?.type === "ended";
    if (!isOver && isOverdue && id !== undefined) await record(id);
    else if (!isOver) {
      if (isOverdue)
        throw new RunError(`the run did not stop within ${grace} s, and had not begun: it was killed`);
      if (killed) throw new RunError(`run ${id ?? ""} was stopped at once; it can be resumed`);
      const error =
        final?.kind === "crashed"
          ? { ...final.error, message: `an error that nothing caught: ${final.error.message}` }
          : { isInput: false, message: causeOfDeath(code, signal, tail()) };
      if (id === undefined) throw received({ ...error, isInput: false });
      died = true;
      await record(id, error);
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
    clearTimeout(overdue);
    conclude(code, signal).then((result) => {
      ended.resolve(result);
      events.complete();
    }, close);
  };
  child.on("close", over);
  child.on("exit", (code, signal) => setTimeout(over, LAST_MESSAGES_MS, code, signal)); // Deno may not emit `close`

  const watcher = process.pid;
  tell({ kind: "start", request, whenAlone, watcher, grace, ...(memory !== undefined && { memory }) });
  return {
    pid: child.pid,
    run: begun.promise,
    events: events.asObservable(),
    ended: ended.promise,
    get died() {
      return died;
    },
    cancel(reason) {
      tell({ kind: "cancel", reason });
      overdue ??= setTimeout(() => {
        if (isConcluded) return;
        isOverdue = true;
        child.kill("SIGKILL");
      }, grace * 1000);
    },
    kill() {
      killed = true;
      child.kill("SIGKILL");
    },
  };
}

/** An error of the trainer, with the stack that it had there. */
export function received(sent: SentError): Error {
  const { isInput, isLost, isRefused, message, stack, problems, file, mayPass = false } = sent;
  const error = isInput
    ? new (isRefused ? NotAllowed : InputError)(problems ?? message, {
        mayPass,
        ...(file !== undefined && { file }),
      })
    : isLost
      ? new RunLost(message)
      : new RunError(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

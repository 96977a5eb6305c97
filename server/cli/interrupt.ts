/**
 * Being told to stop: by Ctrl-C, by a signal, by a terminal that hangs up, or because npm, which started us, is gone. The
 * first time stops the run at its next step, so that it ends with all it has kept; a second signal stops at once.
 *
 * @module
 */
import { watchNpm } from "./parent.ts";

/** A signal that the first SIGINT, SIGTERM or SIGHUP aborts. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** 130, 143 or 129 once interrupted. */
  readonly code: number | undefined;
  /** What the second one does before it ends this process: ends whatever trains elsewhere. */
  atOnce: (() => void) | undefined;
  /** Gives the signals back. */
  release(): void;
}

const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Stopping = keyof typeof CODES;
const SIGNALS = Object.keys(CODES) as readonly Stopping[];

/** npm passes on the SIGINT that a terminal has sent us already: two within this time are one. */
const ONE_PRESS_MS = 500;

/**
 * Calls a function whenever this process is told to stop.
 * @returns ends that
 */
export function onStop(call: (name: Stopping) => void): () => void {
  const unwatch = watchNpm(() => call("SIGTERM"));
  for (const name of SIGNALS) process.on(name, call);
  return () => {
    unwatch();
    for (const name of SIGNALS) process.off(name, call);
  };
}

/** Takes the signals that stop a command until released. */
export function interruptible(): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const take = (name: Stopping): void => {
    if (code !== undefined) return;
    code = CODES[name];
    process.stderr.write("\nstopping; once more stops at once\n");
    controller.abort(new Error(`interrupted by ${name}`));
    setTimeout(() => {
      // Without listeners the next signal ends the process even where a run never gives the event loop a turn.
      release();
      if (interrupt.atOnce === undefined) return;
      for (const again of SIGNALS) process.once(again, endAtOnce);
    }, ONE_PRESS_MS).unref();
  };
  const giveBack = onStop(take);
  const release = (): void => {
    giveBack();
    for (const name of SIGNALS) process.off(name, endAtOnce);
  };
  const endAtOnce = (name: NodeJS.Signals): void => {
    interrupt.atOnce?.();
    release();
    process.kill(process.pid, name);
  };
  const interrupt: Interrupt = {
    signal: controller.signal,
    get code() {
      return code;
    },
    atOnce: undefined,
    release,
  };
  return interrupt;
}

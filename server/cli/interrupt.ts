/**
 * Ctrl-C: the first stops the run at its next step, so that it ends with all it has kept; a second stops at once.
 *
 * @module
 */

/** A signal that the first SIGINT or SIGTERM aborts. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** 130 or 143 once interrupted. */
  readonly code: number | undefined;
  /** What the second one does before it ends this process: ends whatever trains elsewhere. */
  atOnce: (() => void) | undefined;
  /** Gives the signals back. */
  release(): void;
}

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** npm passes on the SIGINT that a terminal has sent us already: two within this time are one. */
const ONE_PRESS_MS = 500;

/** Takes SIGINT and SIGTERM until released. */
export function interruptible(): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const release = (): void => {
    for (const name of Object.keys(CODES)) process.off(name, take).off(name, endAtOnce);
  };
  const take = (name: keyof typeof CODES): void => {
    if (code !== undefined) return;
    code = CODES[name];
    process.stderr.write("\nstopping; once more stops at once\n");
    controller.abort(new Error(`interrupted by ${name}`));
    setTimeout(() => {
      // Without listeners the next signal ends the process even where a run never gives the event loop a turn.
      release();
      if (interrupt.atOnce === undefined) return;
      for (const again of Object.keys(CODES)) process.once(again, endAtOnce);
    }, ONE_PRESS_MS).unref();
  };
  const endAtOnce = (name: NodeJS.Signals): void => {
    interrupt.atOnce?.();
    release();
    process.kill(process.pid, name);
  };
  for (const name of Object.keys(CODES)) process.on(name, take);
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

/**
 * Checks scenarios in a process of their own: a small one can take minutes to check, or all memory, and whoever asks must
 * stay free meanwhile.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";
import { InputError, RunError } from "../../core/mod.ts";
import { tailOf } from "./death.ts";
import { launch, TRAINER } from "./launch.ts";
import { received } from "./mod.ts";
import type { FromTrainer, ToTrainer, TrainerRequest } from "./protocol.ts";

/** Checks requests, one after another. */
export interface Checker {
  /**
   * Checks a request as a run would before it begins.
   * @param size the largest that its scenario may have, see `requireSize`
   * @returns the name of its scenario, or the id of its run
   * @throws InputError where it cannot be run, or takes too long to check
   */
  check(request: TrainerRequest, size?: number): Promise<string>;
  /** Ends the process. */
  close(): void;
}

/** Seconds that a check may take. */
const LONGEST = 30;
/** Seconds that a process may take to begin, on a busy machine. */
const BEGINNING = 120;
/** Seconds that the process is kept for the next check. */
const KEPT = 60;
/** Memory that JavaScript may take in it. */
const FLAGS = ["--max-old-space-size=512"];

/** A checker, whose process begins with the first check. @param longest seconds that a check may take */
export function newChecker(longest: number = LONGEST): Checker {
  let child: ChildProcess | undefined;
  let idle: NodeJS.Timeout | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const end = (): void => {
    clearTimeout(idle);
    child?.kill("SIGKILL");
    child = undefined;
  };
  const begun = (): ChildProcess => {
    if (child?.connected) return child;
    const made = launch(TRAINER, FLAGS);
    tailOf(made, process.stderr);
    made.on("exit", () => {
      if (child === made) child = undefined;
    });
    child = made;
    return made;
  };
  const checked = async (request: TrainerRequest, size?: number): Promise<string> => {
    clearTimeout(idle);
    const process = begun();
    const answer = await answerOf(process, { kind: "check", request, size }, longest);
    if (answer === undefined) {
      end();
      throw new InputError(
        `the scenario takes more than ${longest} s, or too much memory, to check: make it smaller`,
      );
    }
    idle = setTimeout(end, KEPT * 1000).unref();
    if (answer.kind === "checked") return answer.title;
    throw answer.kind === "refused"
      ? received(answer.error)
      : new RunError("the scenario could not be checked");
  };
  return {
    check(request, size) {
      const result = turn.then(() => checked(request, size));
      turn = result.catch(() => {});
      return result;
    },
    close: end,
  };
}

/** What a process answers; undefined where it takes too long, or dies of it. */
async function answerOf(
  child: ChildProcess,
  message: ToTrainer,
  longest: number,
): Promise<FromTrainer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<FromTrainer | undefined>();
  let isChecking = false;
  const gone = (): void => {
    if (isChecking) resolve(undefined);
    else reject(new RunError("the process that checks scenarios could not begin"));
  };
  let timer = setTimeout(gone, BEGINNING * 1000);
  const listen = (answer: FromTrainer): void => {
    if (answer.kind !== "checking") resolve(answer);
    else {
      isChecking = true;
      clearTimeout(timer);
      timer = setTimeout(gone, longest * 1000);
    }
  };
  child.on("message", listen).on("exit", gone).on("error", gone);
  child.send(message, (error) => {
    if (error !== null) gone();
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.off("message", listen).off("exit", gone).off("error", gone);
  }
}

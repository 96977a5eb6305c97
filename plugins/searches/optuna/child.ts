/**
 * A Python process that answers a line with a line.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { InputError, RunError } from "../../../core/mod.ts";
import { NO_OPTUNA, OPTUNA, script } from "./script.ts";

/** The process. It ends with this one. */
export interface Child {
  /** One answer for one question; questions must not overlap. */
  ask(question: object): Promise<unknown>;
  close(): void;
}

/** @param python the interpreter */
export async function startChild(python: string): Promise<Child> {
  const child = spawn(python, ["-u", "-c", script], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr!.on("data", (text) => {
    said = `${said}${text}`.slice(-2000);
  });
  const ended = new Promise<Error>((settle) => {
    child.on("error", (error) => settle(absent(python, error.message)));
    child.on("close", (code) =>
      settle(
        code === NO_OPTUNA
          ? absent(python, said.trim())
          : new RunError(
              `Optuna's process ended with ${code ?? "a signal"}: ${said.trim() || "it said nothing"}`,
            ),
      ),
    );
  });
  child.stdin!.on("error", () => {}); // its end is told by `ended`
  const lines = createInterface({ input: child.stdout! });
  const answers = lines[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    const next = await answers.next();
    if (next.done) throw await ended;
    return JSON.parse(next.value);
  };
  await answer(); // that it is ready
  idle(child, true);
  return {
    async ask(question) {
      idle(child, false);
      child.stdin!.write(`${JSON.stringify(question)}\n`);
      const answered = await answer();
      idle(child, true);
      return answered;
    },
    close: () => void child.kill(),
  };
}

/** An idle child does not keep this process from ending, whereupon it ends too. */
function idle(child: ChildProcess, isIdle: boolean): void {
  const parts = [child, child.stdin, child.stdout, child.stderr] as unknown as {
    ref?(): void;
    unref?(): void;
  }[];
  for (const part of parts) isIdle ? part.unref?.() : part.ref?.();
}

function absent(python: string, why: string): InputError {
  return new InputError(
    `optuna needs Python with Optuna ${OPTUNA} or newer (${why}). Install it: ${python} -m pip install 'optuna>=${OPTUNA}' ` +
      "(or name another interpreter in DSGAN_PYTHON)",
  );
}

/**
 * Exit codes, and how the command reports its own failures.
 *
 * @module
 */
import { describeProblem, InputError, messageOf, RunLost, stackOf } from "../../core/plugin/errors.ts";
import type { RunFailure, RunResult } from "../../core/run/store.ts";

/** What the exit code tells a CI. */
export const EXIT = {
  /** Every expectation met. */
  met: 0,
  /** An expectation missed. */
  missed: 1,
  /** A bad scenario, bad data, or a bad command line. */
  input: 2,
  /** The run broke. */
  broke: 3,
  /** Stopped by Ctrl-C, or because another process has taken the run over. */
  interrupted: 130,
} as const;

/** The exit code of a run that ended. */
export function codeOfResult({ status, error }: RunResult): number {
  if (status === "passed") return EXIT.met;
  if (status === "missed") return EXIT.missed;
  if (status === "cancelled" || status === "paused") return EXIT.interrupted;
  return error?.kind === "input" ? EXIT.input : EXIT.broke;
}

/** The exit code of an error that kept a run from ending. */
export function codeOfError(error: unknown): number {
  if (error instanceof RunLost) return EXIT.interrupted;
  return error instanceof InputError ? EXIT.input : EXIT.broke;
}

/** The worst of several codes, which are in order of gravity. */
export function worst(codes: readonly number[]): number {
  return Math.max(EXIT.met, ...codes);
}

/** Prints an error on stderr, a problem a line; with {@link isDebugging} also where it was thrown. */
export function tell(error: unknown): void {
  const isLocated = error instanceof InputError && error.file !== undefined;
  process.stderr.write(`${isLocated ? "" : "dsgan: "}${messageOf(error)}\n`);
  printStack(stackOf(error));
}

/** Prints on stderr why a run failed, a problem a line. @param file the scenario's */
export function tellFailure({ message, problems, stack }: RunFailure, file: string): void {
  const lines = problems?.map((problem) => describeProblem(problem, file)) ?? [`${file}: ${message}`];
  process.stderr.write(`${lines.join("\n")}\n`);
  printStack(stack);
}

/** Prints a stack on stderr where the user asked for stacks. */
function printStack(stack: string | undefined): void {
  if (isDebugging() && stack !== undefined) process.stderr.write(`${stack}\n`);
}

/** Whether the user asked for stacks: DSGAN_DEBUG=1, or `--debug`, which sets it for every process of the command. */
function isDebugging(): boolean {
  return ![undefined, "", "0"].includes(process.env.DSGAN_DEBUG);
}

/**
 * Sees to it that the process exits with a code of its own however it ends: 3 where nothing caught an error, or where
 * a plugin ended the process before the command was done. Node would exit with 1, which means that an expectation was
 * missed, or with what the plugin said.
 * @returns ends the guard: the command is done
 */
export function guardExit(): () => void {
  const onError = (error: unknown): void => {
    process.stderr.write(`dsgan: an error that nothing caught: ${messageOf(error)}\n`);
    process.stderr.write(`${stackOf(error) ?? "it has no stack"}\n`);
    release();
    process.exit(EXIT.broke);
  };
  const onExit = (code: number): void => {
    const why =
      code === UNSETTLED
        ? "it waits for something that can no longer happen, such as a promise that nobody settles"
        : `something called process.exit(${code}): a plugin, or what a plugin uses`;
    process.stderr.write(`dsgan: the process ended before the command was done: ${why}\n`);
    process.exitCode = EXIT.broke;
  };
  const release = (): void => {
    process.off("uncaughtException", onError).off("exit", onExit);
  };
  process.on("uncaughtException", onError).on("exit", onExit);
  return release;
}

/** Node's code for a program that awaits what never settles. */
const UNSETTLED = 13;

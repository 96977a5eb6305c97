/**
 * Exit codes, and how a failure of the command itself is told.
 *
 * @module
 */
import { InputError, messageOf } from "../../core/plugin/errors.ts";
import type { RunResult } from "../../core/run/store.ts";

/** What the command's end tells a CI. */
export const EXIT = {
  /** Every expectation met. */
  met: 0,
  /** An expectation missed. */
  missed: 1,
  /** A bad scenario, bad data, or a bad command line. */
  input: 2,
  /** The run broke. */
  broke: 3,
  /** Stopped by Ctrl-C. */
  interrupted: 130,
} as const;

/** The exit code of a run that ended. */
export function codeOfResult({ status, error }: RunResult): number {
  if (status === "passed") return EXIT.met;
  if (status === "missed") return EXIT.missed;
  if (status === "cancelled") return EXIT.interrupted;
  return error?.kind === "input" ? EXIT.input : EXIT.broke;
}

/** The exit code of an error that kept a run from ending. */
export function codeOfError(error: unknown): number {
  return error instanceof InputError ? EXIT.input : EXIT.broke;
}

/** The worst of several codes, which are in order of gravity. */
export function worst(codes: readonly number[]): number {
  return Math.max(EXIT.met, ...codes);
}

/** Tells an error on stderr, one problem a line; where it came from only with DSGAN_DEBUG=1. */
export function tell(error: unknown): void {
  const located = error instanceof InputError && error.file !== undefined;
  process.stderr.write(`${located ? "" : "dsgan: "}${messageOf(error)}\n`);
  if (debugging() && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}

function debugging(): boolean {
  return ![undefined, "", "0"].includes(process.env.DSGAN_DEBUG);
}

/**
 * Two kinds of failure, told apart because a CI must: the input is at fault ({@link InputError}, exit code 2), or a
 * run broke that had a sound input ({@link RunError}, exit code 3).
 *
 * @module
 */
import { withoutSecrets } from "./secrets.ts";

/** One thing wrong with the input: where it stands, what it is, and what to do. */
export interface Problem {
  /** Path in the scenario, e.g. `application.target.alpha`; empty for the document itself. */
  readonly path: string;
  /** What failed, the value seen, and what to do. */
  readonly message: string;
  /** Line in the scenario file, from 1, where one is known. */
  readonly line?: number;
  /** The file that the line is of, where that is another one: a file that the scenario extends. */
  readonly file?: string;
}

/** Marks the errors of every copy of this module: a package may be installed twice, and built beside its sources. */
const INPUT_ERROR = Symbol.for("dsgan:InputError");
const RUN_ERROR = Symbol.for("dsgan:RunError");
const RUN_LOST = Symbol.for("dsgan:RunLost");
const RUN_EXISTS = Symbol.for("dsgan:RunExists");

/** A scenario, plugin, data file or command line cannot be used as given. Carries every problem found. */
export class InputError extends Error {
  override readonly name: string = "InputError";
  readonly [INPUT_ERROR] = true;
  readonly problems: readonly Problem[];
  readonly file: string | undefined;
  /** Whether the same may work later, such as where a server was away. */
  readonly mayPass: boolean;

  constructor(
    problems: string | readonly Problem[],
    options: { file?: string; cause?: unknown; mayPass?: boolean } = {},
  ) {
    const list = typeof problems === "string" ? [{ path: "", message: problems }] : problems;
    super(list.map((p) => describeProblem(p, options.file)).join("\n"), { cause: options.cause });
    this.problems = list.map((p) => ({ ...p, message: withoutSecrets(p.message) }));
    this.file = options.file;
    this.mayPass = options.mayPass ?? false;
  }

  /** Whether a value is an InputError, of whichever copy of this module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class that `instanceof` names, which may be derived
    return isMarked(this, InputError, value, INPUT_ERROR);
  }
}

/** A run with a sound input could not go on: a loss that is not a number, an engine that failed. */
export class RunError extends Error {
  override readonly name: string = "RunError";
  readonly [RUN_ERROR] = true;
  /** Path in the scenario of the component that failed, where one is known. */
  readonly path: string | undefined;

  constructor(message: string, options: { path?: string; cause?: unknown } = {}) {
    super(withoutSecrets(message), { cause: options.cause });
    this.path = options.path;
  }

  /** Whether a value is a RunError, of whichever copy of this module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class that `instanceof` names, which may be derived
    return isMarked(this, RunError, value, RUN_ERROR);
  }
}

/**
 * Another process has taken a run over, or its place is gone: this process may not write it any more. It stops at once,
 * and records nothing. The run itself goes on, or can be resumed.
 */
export class RunLost extends RunError {
  override readonly name = "RunLost";
  readonly [RUN_LOST] = true;

  /** Whether a value is a RunLost, of whichever copy of this module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class that `instanceof` names, which may be derived
    return isMarked(this, RunLost, value, RUN_LOST);
  }
}

/** A run of the id that was asked for is there already. */
export class RunExists extends InputError {
  override readonly name = "RunExists";
  readonly [RUN_EXISTS] = true;
  /** The id. */
  readonly run: string;

  constructor(run: string, options: { cause?: unknown } = {}) {
    super(`there is a run ${JSON.stringify(run)} already: resume it, or choose another id`, options);
    this.run = run;
  }

  /** Whether a value is a RunExists, of whichever copy of this module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class that `instanceof` names, which may be derived
    return isMarked(this, RunExists, value, RUN_EXISTS);
  }
}

/** `value instanceof type`: by the mark for the class itself, in the usual way for those derived from it. */
function isMarked(type: unknown, base: unknown, value: unknown, mark: symbol): boolean {
  if (type !== base) return Function.prototype[Symbol.hasInstance].call(type, value);
  return typeof value === "object" && value !== null && mark in value;
}

/** `file:line: path: message`, leaving out what is not known. */
export function describeProblem(problem: Problem, given?: string): string {
  const file = problem.file ?? given;
  const where = file === undefined ? "" : `${file}${problem.line === undefined ? "" : `:${problem.line}`}: `;
  return withoutSecrets(`${where}${problem.path === "" ? "" : `${problem.path}: `}${problem.message}`);
}

/** The message of anything thrown, never empty, without passwords in URLs. */
export function messageOf(error: unknown): string {
  if (!isErrorLike(error)) return withoutSecrets(String(error));
  return withoutSecrets(error.message) || error.name || "an error without a message";
}

/** The stack of anything thrown, with those of its causes; undefined where it has none. */
export function stackOf(error: unknown, depth = 0): string | undefined {
  if (!isErrorLike(error) || depth > DEEPEST) return undefined;
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  const stacks = [error.stack, ...inner.map((cause) => stackOf(cause, depth + 1))];
  const known = stacks.filter((stack) => typeof stack === "string");
  return known.length === 0 ? undefined : withoutSecrets(known.join("\ncaused by: "));
}

/** Causes may go round in a circle. */
const DEEPEST = 8;

/** Errors of other realms, and of `vm` contexts, are no `Error` of this one. */
function isErrorLike(value: unknown): value is Error {
  return typeof value === "object" && value !== null && typeof (value as Partial<Error>).message === "string";
}

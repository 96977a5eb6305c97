/**
 * Two kinds of failure, told apart because a CI must: what the user gave is at fault ({@link InputError}, exit
 * code 2), or a run that began properly broke ({@link RunError}, exit code 3).
 *
 * @module
 */

/** One thing wrong with the input: where it stands, what it is, and what to do. */
export interface Problem {
  /** Path in the scenario, e.g. `application.target.alpha`; empty for the document itself. */
  readonly path: string;
  /** What failed, the value seen, and what to do. */
  readonly message: string;
  /** Line in the scenario file, from 1, where one is known. */
  readonly line?: number;
}

/** A scenario, plugin, data file or command line cannot be used as given. Carries every problem found. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly problems: readonly Problem[];
  readonly file: string | undefined;

  constructor(problems: string | readonly Problem[], options: { file?: string; cause?: unknown } = {}) {
    const list = typeof problems === "string" ? [{ path: "", message: problems }] : problems;
    super(list.map((p) => describeProblem(p, options.file)).join("\n"), { cause: options.cause });
    this.problems = list;
    this.file = options.file;
  }
}

/** A run that began properly could not go on: a loss that is not a number, an engine that failed. */
export class RunError extends Error {
  override readonly name = "RunError";
}

/** `file:line: path: message`, leaving out what is not known. */
export function describeProblem(problem: Problem, file?: string): string {
  const where = file === undefined ? "" : `${file}${problem.line === undefined ? "" : `:${problem.line}`}: `;
  return `${where}${problem.path === "" ? "" : `${problem.path}: `}${problem.message}`;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

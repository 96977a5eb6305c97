/**
 * Why a session failed, in words, with the place in the scenario and that in the plugin.
 *
 * @module
 */
import { discreet, type Known } from "../plugin/discreet.ts";
import { InputError, messageOf, RunError, stackOf } from "../plugin/errors.ts";
import { locatedMessage } from "../plugin/thrown.ts";
import type { RunFailure } from "../run/store.ts";
import type { LoadedScenario } from "../scenario/scenario.ts";

/**
 * What goes into a run's result. Of a scenario from outside it tells no places of this machine.
 * @param error what was thrown
 * @param text the scenario
 */
export function failureOf(error: unknown, loaded: LoadedScenario, text: string): RunFailure {
  const failure = wholeFailureOf(error, loaded);
  return loaded.allow === undefined ? failure : discreetFailure(failure, { sent: text, base: loaded.base });
}

/** A failure for somebody from outside: without the stack, and the places of this machine. */
export function discreetFailure({ stack: _, ...failure }: RunFailure, known: Known): RunFailure {
  const { message, problems } = failure;
  return {
    ...failure,
    message: discreet(message, known),
    ...(problems && { problems: problems.map((it) => ({ ...it, message: discreet(it.message, known) })) }),
  };
}

function wholeFailureOf(error: unknown, { problemAt }: Pick<LoadedScenario, "problemAt">): RunFailure {
  const stack = stackOf(error);
  const common = { message: messageOf(error), ...(stack && { stack }) };
  if (error instanceof InputError) {
    const problems = error.problems.map((problem) =>
      isPlaced(problem.path) ? problemAt(problem.path.split("."), problem.message) : problem,
    );
    return { kind: "input", ...common, problems };
  }
  const path = error instanceof RunError ? error.path : undefined;
  if (path === undefined || !isPlaced(path)) return { kind: "run", ...common };
  const { line, message } = problemAt(path.split("."), common.message);
  return {
    kind: "run",
    ...common,
    problems: [{ path: "", message, ...(line !== undefined && { line }) }],
  };
}

/** Whether a path is one of the scenario: errors of plugins may name other things. */
function isPlaced(path: string): boolean {
  return /^(application|engine)(\.|$)/.test(path);
}

/**
 * An error that a component threw while it was used: as it is where it was worded for users, otherwise with the
 * component's name and the line of the plugin that threw it.
 * @param path of the component in the scenario
 */
export function brokeIn(component: string, path: string, error: unknown): unknown {
  if (error instanceof InputError || error instanceof RunError) return error;
  return new RunError(`${component}: ${locatedMessage(error)}`, { path, cause: error });
}

/**
 * Checks a scenario by creating its components, as a run would, but for those that read data: no engine starts, and
 * nothing is trained.
 *
 * @module
 */
import type { Context, Ref } from "../plugin/component.ts";
import { contextOf, Deferred } from "../plugin/context.ts";
import { InputError, messageOf, type Problem, RunError } from "../plugin/errors.ts";
import type { Finding } from "../plugin/messages.ts";
import { contractOf } from "../plugin/refs.ts";
import { permitOf } from "./allow.ts";
import type { LoadedScenario } from "./scenario.ts";

/**
 * Creates every component that a scenario names and that needs no data.
 * @param file the scenario's, for messages
 * @throws InputError with every problem found, each with its line
 */
export async function checkComponents(loaded: LoadedScenario, file: string): Promise<void> {
  const { findings, errors } = await componentFindings(loaded);
  if (errors.length === 0) return;
  const problems = findings.map(({ keys, message }) => loaded.problemAt(keys, message));
  const inOrder = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const cause = errors.length > 1 ? new AggregateError(errors, "several components failed") : errors[0];
  throw new InputError(inOrder, { file, cause });
}

/** What the components of a scenario find wrong with their options, and the errors that told. */
export async function componentFindings(
  loaded: LoadedScenario,
): Promise<{ readonly findings: readonly Finding[]; readonly errors: readonly unknown[] }> {
  const { scenario, registry, base } = loaded;
  const context = contextOf(registry, {
    ...{ base, keys: [], options: scenario },
    ...permitOf(loaded),
    defers: ({ readsData }) => readsData === true,
  });
  const errors: unknown[] = [];
  for (const part of [scenario.engine, scenario.application]) await create(part, context, errors);
  const findings = errors
    .flatMap(problemsOf)
    .map(({ path, message }) => ({ keys: path.split("."), message }));
  return { findings, errors };
}

/**
 * Creates the components in a part of a scenario, those that others refer to first: a component whose own reference
 * failed would say the same again.
 * @param errors gets what they throw
 * @returns whether all of them could be created, or need data
 */
async function create(part: unknown, context: Context, errors: unknown[]): Promise<boolean> {
  if (typeof part !== "object" || part === null) return true;
  let isSound = true;
  for (const inner of Object.values(part)) isSound = (await create(inner, context, errors)) && isSound;
  const contract = contractOf(part);
  if (contract === undefined || !isSound) return isSound;
  try {
    await context.create(contract, part as Ref);
    return true;
  } catch (error) {
    if (isDeferred(error)) return true;
    errors.push(error);
    return false;
  }
}

/** Whether a component failed for want of one that reads data, in whatever words. */
function isDeferred(error: unknown): boolean {
  for (let next = error, depth = 0; next instanceof Error && depth < 8; next = next.cause, depth++) {
    if (next instanceof Deferred) return true;
  }
  return false;
}

function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof InputError) return error.problems;
  return [{ path: (error instanceof RunError && error.path) || "", message: messageOf(error) }];
}

/**
 * `dsgan run`: runs scenarios one after another, shows them, and exits with the worst result.
 *
 * @module
 */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { InputError, messageOf, RUN_FILES, type RunFailure, withoutSecrets } from "../../core/mod.ts";
import type { Listening } from "../http/listen.ts";
import type { ScenarioRequest } from "../trainer/mod.ts";
import { commandOf } from "./again.ts";
import { annotateProblems, annotateResult } from "./annotations.ts";
import { codeOfError, codeOfResult, EXIT, tell, worst } from "./exit.ts";
import { makeFolder } from "./files.ts";
import { findScenario } from "./find.ts";
import type { Host } from "./host.ts";
import { type Interrupt, interruptible } from "./interrupt.ts";
import { junit, type Outcome } from "./junit.ts";
import { load, requireScenario } from "./load.ts";
import { type OverrideOptions, overridesOf } from "./overrides.ts";
import { nameFor } from "./package.ts";
import { plannedOf } from "./planned.ts";
import { interruptedRunOf } from "./resume.ts";
import { placeOf, storeOf } from "./runs.ts";
import { addToStepSummary } from "./step-summary.ts";
import { conclude, onGitHub, printResult, type WatchOptions, watch } from "./watch.ts";

/** Where `--serve` listens unless told. */
const USUAL_PORT = 8080;

/** Options of `dsgan run`. */
export interface RunOptions extends OverrideOptions, WatchOptions {
  readonly junit?: string;
  /** Resumes the newest run of the same scenario that was interrupted, if there is one. */
  readonly resume?: boolean;
  /** Shows the runs in a browser meanwhile. */
  readonly serve?: boolean;
  /** Where; the usual port, or a free one where that is taken, unless given. */
  readonly port?: number;
}

/** Runs scenarios. @returns the exit code, the worst of all */
export async function runCommand(files: readonly string[], options: RunOptions, host: Host): Promise<number> {
  const overrides = overridesOf(options);
  if (options.junit !== undefined) requireWritable(options.junit);
  const server = options.serve ? await show(options, host) : undefined;
  const interrupt = interruptible();
  const outcomes: (Outcome & { readonly code: number })[] = [];
  for (const given of files) outcomes.push(await attempt(given));
  interrupt.release();
  await server?.close();
  if (options.junit !== undefined) writeFileSync(options.junit, junit(outcomes));
  addToStepSummary(outcomes);
  return interrupt.code ?? worst(outcomes.map(({ code }) => code));

  async function attempt(given: string): Promise<Outcome & { readonly code: number }> {
    let planned: Outcome["planned"];
    try {
      const found = findScenario(given);
      planned = plannedOf(found, overrides);
      if (interrupt.code !== undefined) return untold(given, planned);
      requireScenario(found, given);
      const { file, base } = found;
      const scenario: ScenarioRequest = { ...found, base: base.href, name: nameFor(file), overrides };
      const finished = await runOne(scenario, options, host, interrupt);
      const { result, report, isResumed } = finished;
      conclude(finished, isResumed ? `${result.run}/${RUN_FILES.scenario}` : file, options);
      if (onGitHub()) annotate(options, annotateResult(result, { ...found, report }));
      return { file, result, planned, code: codeOfResult(result) };
    } catch (error) {
      tell(error);
      if (onGitHub() && error instanceof InputError) annotate(options, annotateProblems(error, given));
      if (options.json) printResult(given, { status: "failed", error: failureOf(error) });
      return { file: given, error: messageOf(error), planned, code: codeOfError(error) };
    }
  }

  /** A scenario whose turn does not come any more. */
  function untold(file: string, planned: Outcome["planned"]): Outcome & { readonly code: number } {
    if (options.json) printResult(file, { status: "cancelled" });
    return { file, error: "not run: interrupted before", planned, code: EXIT.interrupted };
  }
}

/** Why there is no run, as results have it. */
function failureOf(error: unknown): RunFailure {
  const message = messageOf(error);
  return error instanceof InputError
    ? { kind: "input", message, problems: error.problems }
    : { kind: "run", message };
}

/** Shows the runs of a folder on the loopback address, beside those that are run. */
async function show(options: RunOptions, host: Host): Promise<Listening> {
  const { listen } = await import("../http/listen.ts");
  const { runs, port } = options;
  const store = await storeOf(options, host);
  const server = await listen(store, { port: port ?? USUAL_PORT }).catch(async (error) => {
    if (port !== undefined) throw error;
    return await listen(store, { port: 0 });
  });
  process.stderr.write(`showing ${withoutSecrets(runs)} on ${server.url}\n`);
  return server;
}

/** Runs a scenario, or resumes its newest run. */
async function runOne(scenario: ScenarioRequest, options: RunOptions, host: Host, interrupt: Interrupt) {
  const place = placeOf(options);
  if (options.resume) {
    const { loaded } = await load(scenario.file, host, scenario.overrides ?? []);
    const resume = await interruptedRunOf(loaded.scenario, await storeOf(options, host));
    if (resume !== undefined) {
      return { ...(await watch({ ...place, resume }, options, host, interrupt)), isResumed: true };
    }
  }
  const about = { command: commandOf(scenario.file, scenario.overrides ?? []) };
  return { ...(await watch({ ...place, scenario, about }, options, host, interrupt)), isResumed: false };
}

/** Annotations go where GitHub reads them and they are not in the way. */
function annotate({ json }: RunOptions, text: string): void {
  (json ? process.stderr : process.stdout).write(text);
}

/** @throws InputError where a file cannot be written: found out before anything is run */
export function requireWritable(file: string): void {
  try {
    makeFolder(dirname(resolve(file)));
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw new InputError(`--junit ${file}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

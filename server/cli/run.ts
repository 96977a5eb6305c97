/**
 * `dsgan run`: runs scenarios one after another, shows them, and ends with what came of them.
 *
 * @module
 */
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { lastValueFrom, tap } from "rxjs";
import { contextOf, InputError, messageOf, run, type Store, Stores } from "../../core/mod.ts";
import { annotateProblems, annotateResult } from "./annotations.ts";
import { type Display, jsonDisplay, noDisplay } from "./display.ts";
import { environment } from "./environment.ts";
import { codeOfError, codeOfResult, tell, worst } from "./exit.ts";
import type { Host } from "./host.ts";
import { type Interrupt, interruptible } from "./interrupt.ts";
import { junit, type Outcome } from "./junit.ts";
import { type LoadedFile, load } from "./load.ts";
import { type OverrideOptions, overridesOf } from "./overrides.ts";
import { plainDisplay } from "./plain.ts";
import { closing, type Finished, summary } from "./summary.ts";
import { terminalDisplay } from "./terminal.ts";

/** Options of `dsgan run`. */
export interface RunOptions extends OverrideOptions {
  readonly runs: string;
  readonly json?: boolean;
  readonly junit?: string;
  readonly quiet?: boolean;
}

/** Runs scenarios. @returns the exit code, the worst of all */
export async function runCommand(files: readonly string[], options: RunOptions, host: Host): Promise<number> {
  const overrides = overridesOf(options);
  if (options.junit !== undefined) requireWritable(options.junit);
  const interrupt = interruptible();
  const outcomes: (Outcome & { readonly code: number })[] = [];
  for (const given of files) {
    if (interrupt.code !== undefined) break;
    outcomes.push(await attempt(given));
  }
  interrupt.release();
  if (options.junit !== undefined) writeFileSync(options.junit, junit(outcomes));
  return interrupt.code ?? worst(outcomes.map(({ code }) => code));

  async function attempt(given: string): Promise<Outcome & { readonly code: number }> {
    try {
      const file = await load(given, host, overrides);
      const { result } = await runOne(file, options, host, interrupt);
      return { file: file.file, result, code: codeOfResult(result) };
    } catch (error) {
      tell(error);
      if (onGitHub() && error instanceof InputError) annotate(options, annotateProblems(error, given));
      return { file: given, error: messageOf(error), code: codeOfError(error) };
    }
  }
}

/** Runs one scenario and tells how it came out. */
async function runOne(
  file: LoadedFile,
  options: RunOptions,
  host: Host,
  interrupt: Interrupt,
): Promise<Finished> {
  const { loaded, text } = file;
  const store: Store = await contextOf(loaded.container, file.base).create(Stores, {
    use: "folder",
    folder: options.runs,
  });
  const display = displayFor(options);
  let id = "";
  let location = "";
  const artifacts: string[] = [];
  const events = run(loaded, { store, signal: interrupt.signal, environment: await environment() }).pipe(
    tap((event) => {
      if (event.type === "started") [id, location] = [event.run, event.location];
      if (event.type === "artifact" && !artifacts.includes(event.path)) artifacts.push(event.path);
      display.show(event);
    }),
  );
  try {
    await lastValueFrom(events);
  } finally {
    display.end();
  }

  const reader = await store.open(id);
  const result = await reader.result();
  if (result === undefined) throw new Error(`run ${id} ended without a result in ${location}`);
  const report = join(location, "report.html");
  await writeFile(report, await host.report(reader));
  const finished = { result, location, artifacts, report };
  if (options.json)
    process.stdout.write(`${JSON.stringify({ type: "result", ...result, location, report })}\n`);
  else process.stdout.write(options.quiet ? `${closing(finished)}\n` : summary(finished));
  if (result.error !== undefined && (options.json || options.quiet)) {
    process.stderr.write(`${file.file}: ${result.error.message}\n`);
  }
  if (onGitHub()) annotate(options, annotateResult(result, { file: file.file, text, report }));
  return finished;
}

function displayFor({ json, quiet }: RunOptions): Display {
  const write = (text: string): void => void process.stdout.write(text);
  if (json) return jsonDisplay(write);
  if (quiet) return noDisplay();
  return process.stdout.isTTY && !inCi() ? terminalDisplay(process.stdout) : plainDisplay(write);
}

function inCi(): boolean {
  return ![undefined, "", "0", "false"].includes(process.env.CI) || onGitHub();
}

function onGitHub(): boolean {
  return process.env.GITHUB_ACTIONS === "true";
}

/** Annotations go where GitHub reads them and they are not in the way. */
function annotate({ json }: RunOptions, text: string): void {
  (json ? process.stderr : process.stdout).write(text);
}

/** @throws InputError where a file cannot be written, before anything is run */
function requireWritable(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new InputError(`--junit ${file}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * `dsgan run`: runs scenarios one after another, shows them, and ends with what came of them.
 *
 * @module
 */
import { Console } from "node:console";
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { lastValueFrom, tap } from "rxjs";
import {
  type Context,
  contextOf,
  InputError,
  messageOf,
  type Painter,
  Painters,
  run,
  Stores,
} from "../../core/mod.ts";
import { commandOf } from "./again.ts";
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
  // Whatever plugins and engines print, stdout is for the events alone.
  if (options.json) globalThis.console = new Console(process.stderr);
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
      const finished = await runOne(file, options, host, interrupt);
      conclude(finished, file, options);
      return { file: file.file, result: finished.result, code: codeOfResult(finished.result) };
    } catch (error) {
      tell(error);
      if (onGitHub() && error instanceof InputError) annotate(options, annotateProblems(error, given));
      return { file: given, error: messageOf(error), code: codeOfError(error) };
    }
  }
}

/** Runs one scenario to its report. */
async function runOne(
  file: LoadedFile,
  options: RunOptions,
  host: Host,
  interrupt: Interrupt,
): Promise<Finished> {
  const { loaded } = file;
  const context = contextOf(loaded.container, file.base);
  const store = await context.create(Stores, { use: "folder", folder: options.runs });
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
  const report = await writeReport().catch((error) => {
    process.stderr.write(`the report could not be made: ${messageOf(error)}\n`); // the run stands without it
    return undefined;
  });
  return { result, location, artifacts, report };

  async function writeReport(): Promise<string> {
    const path = join(location, "report.html");
    const painter = await painterOf(context);
    const command = commandOf(file.file, file.overrides);
    await writeFile(path, await host.report(reader, { command, ...(painter && { painter }) }));
    return path;
  }
}

/** Tells how a run came out. */
function conclude(finished: Finished, { file, text }: LoadedFile, options: RunOptions): void {
  const { result, location, report } = finished;
  for (const line of result.error?.message.split("\n") ?? []) process.stderr.write(`${file}: ${line}\n`);
  if (options.json)
    process.stdout.write(`${JSON.stringify({ type: "result", ...result, location, report })}\n`);
  else process.stdout.write(options.quiet ? `${closing(finished)}\n` : summary(finished));
  if (onGitHub()) annotate(options, annotateResult(result, { file, text, report }));
}

/** What draws, where anything does. */
async function painterOf(context: Context): Promise<Painter | undefined> {
  const [first] = context.all(Painters);
  return first && (await context.create(Painters, { use: first.name }));
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

/** @throws InputError where a file cannot be written: found out before anything is run */
function requireWritable(file: string): void {
  try {
    makeFolder(dirname(resolve(file)));
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw new InputError(`--junit ${file}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** Makes a folder and those above it. (Node's own `recursive` never ends in /proc.) */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

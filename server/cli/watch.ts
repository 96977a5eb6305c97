/**
 * Watches a run from its first event to its report.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lastValueFrom, tap } from "rxjs";
import {
  assemble,
  contextOf,
  InputError,
  messageOf,
  painterOf,
  RUN_FILES,
  type RunReader,
} from "../../core/mod.ts";
import type { TrainerRequest } from "../trainer/mod.ts";
import { type Display, jsonDisplay, noDisplay } from "./display.ts";
import { tellFailure } from "./exit.ts";
import type { Host } from "./host.ts";
import type { Interrupt } from "./interrupt.ts";
import { print } from "./output.ts";
import { plainDisplay } from "./plain.ts";
import { storeOf } from "./runs.ts";
import { type SessionOptions, startSession } from "./session.ts";
import { closing, type Finished, summary } from "./summary.ts";
import { terminalDisplay } from "./terminal.ts";

/** How a run is shown. */
export interface WatchOptions extends SessionOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * Starts or resumes a run, shows it, and writes its report.
 * @throws InputError where it cannot be begun, RunError where its end could not be kept
 */
export async function watch(
  request: TrainerRequest,
  options: WatchOptions,
  host: Host,
  interrupt: Interrupt,
): Promise<Finished> {
  const store = await storeOf(options, host);
  const session = await startSession(request, options, store, host, interrupt.signal);
  interrupt.atOnce = session.kill?.bind(session);
  let id = "resume" in request ? request.resume : "";
  const display = displayFor(options, () => id);
  try {
    await lastValueFrom(
      session.events.pipe(
        tap((event) => {
          if (event.type === "started") id = event.run;
          display.show(event);
        }),
      ),
    );
    await session.ended;
  } finally {
    display.end();
    interrupt.atOnce = undefined;
  }

  const reader = await store.open(id);
  const result = await reader.result();
  if (result === undefined) throw new Error(`run ${id} ended without a result`);
  const { location } = reader;
  const events = await reader.events();
  const artifacts = [...new Set(events.flatMap((e) => (e.type === "artifact" ? e.path : [])))];
  const report = await writeReport(reader, host).catch((error) => {
    process.stderr.write(`the report could not be made: ${messageOf(error)}\n`); // the run stands without it
    return undefined;
  });
  return { result, location, artifacts, report };
}

/**
 * Prints how a run ended.
 * @param file the scenario's, for messages
 */
export function conclude(finished: Finished, file: string, options: WatchOptions): void {
  const { result, location, report } = finished;
  if (result.error !== undefined) tellFailure(result.error, file);
  if (options.json) printResult(file, { ...result, location, report });
  else process.stdout.write(options.quiet ? `${closing(finished)}\n` : summary(finished));
}

/** Prints how a scenario ended as a line of JSON: there is one for each that was asked for, whatever became of it. */
export function printResult(file: string, result: object): void {
  const none = { run: null, metrics: {}, expectations: [], seconds: 0 };
  print(`${JSON.stringify({ type: "result", file, ...none, ...result })}\n`);
}

/**
 * Writes the report of a run into its folder, or where it has none into the working directory, under its id.
 * @returns the path of the report
 */
export async function writeReport(reader: RunReader, host: Host): Promise<string> {
  const { id, folder } = reader;
  const path = folder === undefined ? resolve(`${id}.html`) : join(folder, "report.html");
  const painter = await painterOf(contextOf(await assemble(host.plugins), here()));
  const command = await commandOf(reader);
  await writeFile(
    path,
    await host.report(reader, { ...(command && { command }), ...(painter && { painter }) }),
  );
  return path;
}

/** The command that began a run. */
async function commandOf(reader: RunReader): Promise<string | undefined> {
  try {
    const text = new TextDecoder().decode(await reader.read(RUN_FILES.environment));
    return (JSON.parse(text) as { command?: string }).command;
  } catch (error) {
    if (error instanceof InputError || error instanceof SyntaxError) return undefined; // the report goes without it
    throw error;
  }
}

function here(): URL {
  return pathToFileURL(`${process.cwd()}/`);
}

/** @param run id of the run, once it is known */
function displayFor({ json, quiet }: WatchOptions, run: () => string): Display {
  if (json) return jsonDisplay(print, run);
  const write = (text: string): void => void process.stdout.write(text);
  if (quiet) return noDisplay();
  return process.stdout.isTTY && !inCi() ? terminalDisplay(process.stdout) : plainDisplay(write);
}

/** Whether a CI reads the output. */
export function inCi(): boolean {
  return ![undefined, "", "0", "false"].includes(process.env.CI) || onGitHub();
}

/** Whether GitHub's runner reads the output. */
export function onGitHub(): boolean {
  return process.env.GITHUB_ACTIONS === "true";
}

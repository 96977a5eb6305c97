/**
 * `dsgan copy`, `dsgan archive` and `dsgan rm`: what happens to runs once they are over.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { copyRun, InputError, messageOf, RunExists, type Store } from "../../core/mod.ts";
import { size } from "../report/format.ts";
import { ARCHIVE, packed, unpacked } from "./archive-file.ts";
import { codeOfError, EXIT, tell, worst } from "./exit.ts";
import { writeWhole } from "./files.ts";
import type { Host } from "./host.ts";
import { type RunsOptions, runNamed, storeOf } from "./runs.ts";
import { count } from "./words.ts";

/** Options of `dsgan copy`. */
export interface CopyOptions extends RunsOptions {
  /** Where to: as `--runs`. */
  readonly to: string;
  /** Id of the copy, where one run is copied. */
  readonly as?: string;
}

/** Options of `dsgan archive`. */
export interface ArchiveOptions extends RunsOptions {
  /** Folder of the files. */
  readonly out: string;
}

/** Options of `dsgan rm`. */
export interface RemoveOptions extends RunsOptions {
  /** Does not ask. */
  readonly yes?: boolean;
  /** Also those that a process is writing. */
  readonly force?: boolean;
}

/** Copies runs, and runs in archives, into a store. @returns the exit code, the worst of all */
export async function copyCommand(
  given: readonly string[],
  options: CopyOptions,
  host: Host,
): Promise<number> {
  const { to, as } = options;
  if (as !== undefined && given.length > 1)
    throw new InputError("--as names one copy: copy the runs one by one");
  const target = await storeOf({ ...options, runs: to }, host);
  return await each(given, async (name) => {
    const { store, id } = name.endsWith(ARCHIVE) ? await archived(name) : await runNamed(name, options, host);
    const location = await copyRun(store, id, target, as ?? id).catch((error) => {
      if (!(error instanceof RunExists)) throw error;
      throw new InputError(
        `there is a run ${JSON.stringify(error.run)} there already: choose another id with --as`,
      );
    });
    process.stdout.write(`${id} → ${location}\n`);
  });
}

/** Writes runs as a file each. @returns the exit code, the worst of all */
export async function archiveCommand(
  given: readonly string[],
  options: ArchiveOptions,
  host: Host,
): Promise<number> {
  return await each(given, async (name) => {
    const { store, id } = await runNamed(name, options, host);
    const bytes = await packed(store, id);
    const file = join(options.out, `${id}${ARCHIVE}`);
    await writeWhole(file, async (draft) => await draft.append(bytes));
    process.stdout.write(`${id} → ${file} (${size(bytes.length)})\n`);
  });
}

/** Removes runs. @returns the exit code, the worst of all */
export async function removeCommand(
  given: readonly string[],
  options: RemoveOptions,
  host: Host,
): Promise<number> {
  const { yes, force } = options;
  const named: { readonly store: Store; readonly id: string }[] = [];
  for (const name of new Set(given)) named.push(await runNamed(name, options, host)); // all, or none is removed
  if (!yes && !(await agrees(named.map(({ id }) => id)))) return EXIT.input;
  return await each(named, async ({ store, id }) => {
    await store.remove(id, { force });
    process.stdout.write(`removed ${id}\n`);
  });
}

/** The run in a file. */
async function archived(file: string): Promise<{ readonly store: Store; readonly id: string }> {
  const bytes = await readFile(file).catch((error) => {
    throw new InputError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  });
  return await unpacked(bytes, file);
}

/** Does something for each; where it fails for one, it goes on with the next. */
async function each<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<number> {
  const codes: number[] = [];
  for (const one of all) {
    try {
      await act(one);
    } catch (error) {
      tell(error);
      codes.push(codeOfError(error));
    }
  }
  return worst(codes);
}

/** Whether the user says yes. @throws InputError where nobody can be asked */
async function agrees(ids: readonly string[]): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new InputError("there is no terminal to ask on: say --yes to remove without being asked");
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(
    `${ids.join("\n")}\nRemove ${count(ids.length, "run")} for good? [y/N] `,
  );
  asked.close();
  return /^y(es)?$/i.test(answer.trim());
}

/**
 * The report of a sweep, as a file.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { assemble, contextOf, messageOf, painterOf, type Store } from "../../core/mod.ts";
import { sweepReport } from "../report/sweep-report.ts";
import type { Host } from "./host.ts";
import type { ToldSweep } from "./sweep-conclusion.ts";

/**
 * Writes the report of a sweep into its folder, or where it has none into the working directory, under its id.
 * @param file where to, if elsewhere
 * @returns its path; undefined where it could not be made, which is told: the sweep stands without it
 */
export async function writeSweepReport(
  sweep: ToldSweep,
  store: Store,
  host: Host,
  file?: string,
): Promise<string | undefined> {
  const { id, folder } = sweep.reader;
  const path = file ?? (folder === undefined ? resolve(`${id}.html`) : join(folder, "report.html"));
  try {
    const context = contextOf(await assemble(host.plugins), new URL(`file://${process.cwd()}/`));
    const painter = await painterOf(context);
    await writeFile(path, await sweepReport({ ...sweep, store, ...(painter && { painter }) }));
    return path;
  } catch (error) {
    process.stderr.write(`the report could not be made: ${messageOf(error)}\n`);
    return undefined;
  }
}

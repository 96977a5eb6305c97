/**
 * `dsgan sweep status`.
 *
 * @module
 */
import { jsonOf } from "../../core/mod.ts";
import { reopenSweep, secondsOf, storyOf } from "../sweep/kept.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";
import { print } from "./output.ts";
import { type RunsOptions, runNamed } from "./runs.ts";
import { asJson, inTables, standingOf } from "./sweep-conclusion.ts";
import { writeSweepReport } from "./sweep-report.ts";

/** Options of `dsgan sweep status`. */
export interface StatusOptions extends RunsOptions {
  readonly json?: boolean;
  /** A file to write the report to, as the sweep stands. */
  readonly report?: string;
}

/** Shows how a sweep stands. @returns the exit code */
export async function sweepStatusCommand(given: string, options: StatusOptions, host: Host): Promise<number> {
  const { reader, store } = await runNamed(given, options, host);
  const { loaded, text } = await reopenSweep(reader, host.plugins);
  await loaded.search.close?.();
  const owner = await reader.owner();
  const kept = await storyOf(reader);
  const { result, events } = kept;
  const story = { ...kept, ...(owner && { seconds: secondsOf(events, Date.now()) }) };
  const told = { loaded, reader, story, ...(owner === undefined && result && { result }) };
  if (options.report !== undefined) await writeSweepReport(told, store, host, options.report);
  const by = owner && `in process ${owner.pid} on ${owner.host}`;
  if (options.json) {
    const status = owner ? "running" : (result?.status ?? "abandoned");
    print(`${jsonOf({ ...asJson(told), status }, 2)}\n`);
  } else process.stdout.write(`${standingOf(told, by, text.jobs !== undefined)}\n\n${inTables(told)}\n`);
  return EXIT.met;
}

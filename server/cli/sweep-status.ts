/**
 * `dsgan sweep status` and `dsgan sweep cancel`.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { InputError, type RunOwner } from "../../core/mod.ts";
import { reopenSweep, storyOf } from "../sweep/kept.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";
import { type RunsOptions, runNamed } from "./runs.ts";
import { asJson, inTables, standingOf, sweepAgain } from "./sweep-conclusion.ts";

/** Options of `dsgan sweep status`. */
export interface StatusOptions extends RunsOptions {
  readonly json?: boolean;
}

const POLL_MS = 200;

/** Shows how a sweep stands. @returns the exit code */
export async function sweepStatusCommand(given: string, options: StatusOptions, host: Host): Promise<number> {
  const { reader } = await runNamed(given, options, host);
  const { loaded } = await reopenSweep(reader, host.plugins);
  await loaded.search.close?.();
  const owner = await reader.owner();
  const story = await storyOf(reader);
  const { result } = story;
  const told = { loaded, reader, story, ...(owner === undefined && result && { result }) };
  const by = owner && `in process ${owner.pid} on ${owner.host}`;
  if (options.json) {
    const status = owner ? "running" : (result?.status ?? "abandoned");
    process.stdout.write(`${JSON.stringify({ ...asJson(told), status }, null, 2)}\n`);
  } else process.stdout.write(`${standingOf(told, by)}\n\n${inTables(told)}\n`);
  return EXIT.met;
}

/**
 * Stops a sweep as Ctrl-C does where it runs.
 * @returns the exit code
 * @throws InputError where nobody hosts it, or a process of another machine does
 */
export async function cancelSweepCommand(given: string, options: RunsOptions, host: Host): Promise<number> {
  const { reader, id, runs } = await runNamed(given, options, host);
  const { loaded } = await reopenSweep(reader, host.plugins);
  await loaded.search.close?.();
  const owner = await reader.owner();
  if (owner === undefined) {
    const { result } = await storyOf(reader);
    throw new InputError(`sweep ${id} is not running: ${result?.status ?? "its host is gone"}`);
  }
  if (!owner.isHere) throw elsewhere(id, owner);
  process.kill(owner.pid, "SIGTERM");
  while ((await reader.owner())?.epoch === owner.epoch) await sleep(POLL_MS);
  const { result } = await storyOf(reader);
  const hint = result?.status === "cancelled" ? `; go on with: ${sweepAgain("resume", id, runs)}` : "";
  process.stdout.write(`sweep ${id}: ${result?.status ?? "stopped"}${hint}\n`);
  return EXIT.met;
}

function elsewhere(id: string, { pid, host }: RunOwner): InputError {
  return new InputError(`sweep ${id} is hosted by process ${pid} on ${host}: cancel it there`);
}

/**
 * Where the commands find a queue of jobs.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { type Context, contextOf, InputError, type Jobs, keepsJobs, queueAt } from "../../core/mod.ts";
import type { Host } from "./host.ts";
import { registryFor } from "./plugins.ts";
import type { RunsOptions } from "./runs.ts";

/** Options of commands that put jobs or take them. */
export interface QueueOptions extends RunsOptions {
  /** The URL of a queue; that of the runs unless given, or empty. {@link LOCAL}: none, jobs are of this process. */
  readonly jobs?: string;
}

/** Jobs that no other process sees. */
export const LOCAL = "local";

/** Opens a queue. @throws InputError where there is none such */
export async function openQueue(location: string, options: RunsOptions, host: Host): Promise<Jobs> {
  return await queueAt(location, await contextFor(options, host));
}

/**
 * Where the jobs of a sweep are: where the command says, or else where the runs are if a queue is there too, or else where
 * the sweep has put them before.
 * @param before as it is kept with the sweep: without passwords
 * @returns undefined for the process that hosts the sweep
 * @throws InputError where the place of before has a password that this command does not know
 */
export async function placeOfJobs(
  { jobs, ...options }: QueueOptions,
  host: Host,
  before?: string,
): Promise<string | undefined> {
  if (jobs) return jobs === LOCAL ? undefined : jobs;
  if (keepsJobs(options.runs, await contextFor(options, host))) return options.runs;
  if (before?.includes("***")) {
    throw new InputError(
      `the jobs of this sweep are in ${before}: name that place, with its password, in DSGAN_JOBS`,
    );
  }
  return before;
}

async function contextFor(options: RunsOptions, host: Host): Promise<Context> {
  const here = pathToFileURL(`${process.cwd()}/`);
  return contextOf(await registryFor(host, options), here);
}

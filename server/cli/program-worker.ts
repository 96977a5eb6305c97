/**
 * The grammar of the command that makes the runs of a queue.
 *
 * @module
 */
import type { Command } from "commander";
import { count, jobsOption, positive, runsOption, storePlugin } from "./arguments.ts";
import { WORKER_EXAMPLES } from "./help.ts";
import type { Host } from "./host.ts";

/**
 * Adds the command.
 * @param done takes the exit code
 */
export function addWorkerCommand(
  root: Command,
  host: () => Promise<Host>,
  done: (code: number) => void,
): void {
  root
    .command("worker")
    .summary("make the runs of a queue, on this machine")
    .description(
      "Takes jobs from a queue and makes their runs, each in a process of its own, until it is told to stop. Any number of\n" +
        "workers may share a queue. SIGTERM and Ctrl-C have each run write a checkpoint; the jobs go back to the queue.",
    )
    .addOption(runsOption())
    .addOption(jobsOption("where jobs are kept: a URL of a queue; that of --runs unless given"))
    .addOption(storePlugin())
    .option("--slots <n>", "jobs at once", positive, 1)
    .option("--threads <n>", "threads that each run may use", positive, 1)
    .option("--once", "take one job a slot, and exit when they are over")
    .option("--idle-exit <seconds>", "exit after so many seconds without a job", count)
    .option("--json", "one line of JSON whenever a job begins or ends")
    .addHelpText("after", WORKER_EXAMPLES)
    .action(async (options) => {
      const { workerCommand } = await import("./worker.ts");
      done(await workerCommand(options, await host()));
    });
}

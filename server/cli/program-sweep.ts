/**
 * The grammar of the commands about sweeps.
 *
 * @module
 */
import type { Command } from "commander";
import { jobsOption, positive, runsOption, storePlugin } from "./arguments.ts";
import { SWEEP_EXAMPLES } from "./help.ts";
import type { Host } from "./host.ts";

const JOBS = "where jobs are kept: a URL of a queue, or `local`; that of --runs if a queue is there too";

/** Options of a command below `sweep`: those that both have, `sweep` itself takes in first. */
// biome-ignore lint/suspicious/noExplicitAny: commander has no types of options.
const given = (command: Command): any => command.optsWithGlobals();

/**
 * Adds the commands.
 * @param done takes the exit code
 */
export function addSweepCommands(
  root: Command,
  host: () => Promise<Host>,
  done: (code: number) => void,
): void {
  const hosting = (command: Command): Command =>
    command
      .addOption(runsOption())
      .addOption(jobsOption(JOBS))
      .addOption(storePlugin())
      .option(
        "--at-once <n>",
        "runs at once, wherever; unless given, as many as there are processors, or workers of the queue",
        positive,
      )
      .option(
        "--slots <n>",
        "with a queue: runs that this process makes at once; none unless given",
        positive,
      )
      .option("--detach", "go on without the terminal")
      .option("--json", "events and the result as JSON lines on stdout, nothing else")
      .option("--junit <file>", "write a JUnit report: one test case for each expectation")
      .option("--quiet", "print only the result and errors");
  const refuseBoth = (options: { readonly json?: boolean; readonly quiet?: boolean }): void => {
    if (options.json && options.quiet) root.error("error: --json and --quiet cannot go together");
  };
  const sweep = root
    .command("sweep")
    .summary("run a scenario under many settings, from many seeds")
    .description(
      "Runs a sweep on this machine, one thread a run, or on the workers of a queue; or goes on with one that was\n" +
        "interrupted: runs that have ended are not made again. Tells means and intervals over the seeds, and how far\n" +
        "settings differ.",
    )
    .argument("<sweep>", "a sweep file, or the name of a packaged sweep")
    .option("--dry-run", "show the trials with their settings and ids, and run nothing")
    .enablePositionalOptions();
  hosting(sweep)
    .addHelpText("after", SWEEP_EXAMPLES)
    .action(async (file, options) => {
      refuseBoth(options);
      const { sweepCommand } = await import("./sweep.ts");
      done(await sweepCommand(file, options, await host()));
    });

  const about = (name: string): Command =>
    sweep.command(name).argument("<sweep>", "a sweep's id, or its folder");
  hosting(
    about("resume")
      .summary("go on with a sweep")
      .description(
        "Goes on with a sweep that was interrupted, killed or cancelled, or that has failed. Runs that failed or were\n" +
          "cancelled are tried again.",
      ),
  ).action(async (id, _, command) => {
    const options = given(command);
    refuseBoth(options);
    const { resumeSweepCommand } = await import("./sweep.ts");
    done(await resumeSweepCommand(id, options, await host()));
  });
  about("status")
    .summary("show how a sweep stands")
    .description("Shows how a sweep stands: its trials, what they came to, and how far they differ.")
    .addOption(runsOption())
    .addOption(storePlugin())
    .option("--json", "as JSON, with every value")
    .option("--report <file>", "write the report of the sweep as it stands: a page of HTML")
    .action(async (id, _, command) => {
      const options = given(command);
      const { sweepStatusCommand } = await import("./sweep-status.ts");
      done(await sweepStatusCommand(id, options, await host()));
    });
  about("cancel")
    .summary("stop a sweep")
    .description(
      "Stops a sweep: its runs write checkpoints, and it can be resumed. One whose jobs are in a queue is stopped from\n" +
        "wherever the queue is reached; another one on the machine where it runs.",
    )
    .addOption(runsOption())
    .addOption(jobsOption(JOBS))
    .addOption(storePlugin())
    .action(async (id, _, command) => {
      const options = given(command);
      const { cancelSweepCommand } = await import("./sweep-cancel.ts");
      done(await cancelSweepCommand(id, options, await host()));
    });
}

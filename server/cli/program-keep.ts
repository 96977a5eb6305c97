/**
 * The grammar of the commands that copy, archive and remove runs.
 *
 * @module
 */
import type { Command } from "commander";
import { runsOption, storePlugin } from "./arguments.ts";
import type { Host } from "./host.ts";

/**
 * Adds the commands.
 * @param done takes the exit code
 */
export function addKeepCommands(
  root: Command,
  host: () => Promise<Host>,
  done: (code: number) => void,
): void {
  root
    .command("copy")
    .summary("copy runs to another store, or out of an archive")
    .description(
      "Copies runs with all that they have. A copy can be resumed and sampled as the run itself. A run that a process is\n" +
        "writing is not copied.",
    )
    .argument("<run...>", "ids or folders of runs, or archives (.tar.gz)")
    .requiredOption("--to <place>", "where to: a folder, or a URL of a store")
    .option("--as <id>", "id of the copy; that of the run unless given")
    .addOption(runsOption())
    .addOption(storePlugin())
    .addHelpText(
      "after",
      "\nExamples:\n  $ dsgan copy latest --to /backup/runs\n  $ dsgan copy fig3-ring-20261122-104501-8f3a.tar.gz --to runs\n",
    )
    .action(async (given, options) => {
      const { copyCommand } = await import("./keep.ts");
      done(await copyCommand(given, options, await host()));
    });

  root
    .command("archive")
    .summary("write runs as one compressed file each")
    .description(
      "Writes each run as <id>.tar.gz. `dsgan copy <file> --to <place>` restores it; so does tar, into a folder of runs.",
    )
    .argument("<run...>", "ids or folders of runs, or `latest`")
    .option("--out <dir>", "folder of the files", ".")
    .addOption(runsOption())
    .addOption(storePlugin())
    .addHelpText("after", "\nExamples:\n  $ dsgan archive latest --out /backup\n")
    .action(async (given, options) => {
      const { archiveCommand } = await import("./keep.ts");
      done(await archiveCommand(given, options, await host()));
    });

  root
    .command("rm")
    .summary("remove runs")
    .description("Removes runs with all that they have, once it is told that you mean it.")
    .argument("<run...>", "ids or folders of runs, or `latest`")
    .option("--yes", "do not ask")
    .option("--force", "also runs that a process is writing; it stops")
    .addOption(runsOption())
    .addOption(storePlugin())
    .addHelpText("after", "\nExamples:\n  $ dsgan rm latest --yes\n")
    .action(async (given, options) => {
      const { removeCommand } = await import("./keep.ts");
      done(await removeCommand(given, options, await host()));
    });
}

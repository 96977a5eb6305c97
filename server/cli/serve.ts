/**
 * `dsgan serve`: shows the runs of a folder over HTTP and in a browser, and starts, stops and resumes them.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { pathToFileURL } from "node:url";
import { InputError, messageOf, type Store, withoutSecrets } from "../../core/mod.ts";
import { localJobs } from "../../plugins/jobs/mod.ts";
import { sendNotice, watchEnds } from "../http/ends.ts";
import type { NamedScenario, Queue } from "../http/mod.ts";
import { listen, trainerQueue } from "../http/node.ts";
import type { WhenAlone } from "../trainer/mod.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";
import { interruptible } from "./interrupt.ts";
import { descriptionOf, packagedScenarios } from "./package.ts";
import { openQueue, placeOfJobs } from "./queue.ts";
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
  /** Names by which the server is reached, beside those of the loopback address. */
  readonly allowedHost?: readonly string[];
  /** Whether to believe what a proxy says of its clients. */
  readonly trustProxy?: boolean;
  /** Path under which a proxy serves it. */
  readonly basePath?: string;
  /** Origins whose pages may use the API. */
  readonly corsOrigin?: readonly string[];
  /** Seconds that a trainer has to stop. */
  readonly grace?: number;
  /** What a trainer does when the server is gone. */
  readonly whenAlone?: WhenAlone;
  /** Megabytes that a run may take. */
  readonly maxMemory?: number;
  /** Minutes that a run may take. */
  readonly maxMinutes?: number;
  /** The largest scenario that is taken, see `requireSize`. */
  readonly maxSize?: number;
  /** URLs that are told of each run and each sweep that ends. */
  readonly notify?: readonly string[];
  /** Shows runs, starts none and changes none. */
  readonly readOnly?: boolean;
}

/** Serves until interrupted. @returns the exit code */
export async function serveCommand(options: ServeOptions, host: Host): Promise<number> {
  const { runs, port, atOnce, queue: waiting, allow = [] } = options;
  const store = await storeOf(options, host);
  const forgetEnds = tellEnds(store, options.notify ?? []);
  const finished = async (id: string): Promise<void> => {
    await writeReport(await store.open(id), host).catch((error) => {
      process.stderr.write(`the report of ${id} could not be made: ${messageOf(error)}\n`);
    });
  };
  const jobs = localJobs();
  const elsewhere = await placeOfJobs({ runs, ...(options.plugin && { plugin: options.plugin }) }, host);
  const shared = elsewhere === undefined ? undefined : await openQueue(elsewhere, options, host);
  const queue = options.readOnly
    ? undefined
    : trainerQueue({
        ...placeOf(options),
        store,
        jobs,
        atOnce,
        waiting,
        finished,
        ...{ grace: options.grace, whenAlone: options.whenAlone, memory: options.maxMemory ?? mostMemory() },
        ...{ minutes: options.maxMinutes, size: options.maxSize },
      });
  const token = process.env.DSGAN_TOKEN;
  const server = await listen(store, {
    host: options.host,
    port,
    allow,
    scenarios,
    edit: !options.readOnly,
    workers: async () => [
      ...(queue === undefined ? [] : await jobs.workers()),
      ...((await shared?.workers()) ?? []),
    ],
    ...(token && { token }),
    ...(queue && { runner: queue }),
  });
  process.stdout.write(`showing ${withoutSecrets(runs)} on ${server.url} (Ctrl-C stops)\n`);
  await interrupted(queue);
  forgetEnds();
  await server.close();
  await shared?.close();
  return EXIT.met;
}

/** Megabytes that a run may take unless told: what is left is for the server, and whoever else is here. */
function mostMemory(): number {
  const there = process.constrainedMemory() || totalmem(); // in bytes; of a container that is bounded, and of the machine
  return Math.floor((0.8 * Math.min(there, totalmem())) / 1e6);
}

/** Tells URLs of the runs that end. @returns ends that @throws InputError for what is no URL */
function tellEnds(store: Store, urls: readonly string[]): () => void {
  for (const url of urls) {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
      throw new InputError(
        `--notify ${withoutSecrets(url)}: expected a URL that begins with http:// or https://`,
      );
    }
  }
  if (urls.length === 0) return () => {};
  return watchEnds(store, (notice) => {
    for (const url of urls) {
      sendNotice(url, notice).catch((error) => {
        process.stderr.write(`--notify ${withoutSecrets(url)}: ${messageOf(error)}\n`);
      });
    }
  });
}

/**
 * Resolves after the first SIGINT or SIGTERM, once the runs that were started here have written their checkpoints; a second
 * one ends them at once.
 */
async function interrupted(queue: Queue | undefined): Promise<void> {
  const interrupt = interruptible();
  interrupt.atOnce = () => queue?.kill();
  await new Promise<void>((resolve) => interrupt.signal.addEventListener("abort", () => resolve()));
  if (queue?.jobs().some(({ state }) => state === "running")) {
    process.stderr.write(
      "the runs that were started here write checkpoints; `dsgan resume` goes on with them\n",
    );
  }
  await queue?.close();
  interrupt.release();
}

/** The packaged scenarios. */
function scenarios(): NamedScenario[] {
  return packagedScenarios().map((scenario) => ({
    name: scenario.name,
    description: descriptionOf(scenario),
    file: scenario.name,
    base: pathToFileURL(scenario.path).href,
    get text() {
      return readFileSync(scenario.path, "utf8");
    },
  }));
}

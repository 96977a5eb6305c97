/**
 * `dsgan serve`: shows the runs of a folder over HTTP and in a browser, and starts, stops and resumes them.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { pathToFileURL } from "node:url";
import { loadScenario, messageOf, type RunOwner, reopenScenario, type Store } from "../../core/mod.ts";
import { listen } from "../http/listen.ts";
import type { NamedScenario } from "../http/mod.ts";
import { type Queue, queueOf, type Training, type TrainingOrder } from "../http/queue.ts";
import { startTrainer, type TrainerRequest } from "../trainer/mod.ts";
import { modules } from "../trainer/modules.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";
import { descriptionOf, nameFor, packagedScenarios } from "./package.ts";
import { storeOf, writeReport } from "./watch.ts";

/** Options of `dsgan serve`. */
export interface ServeOptions {
  readonly runs: string;
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
  const store = await storeOf(runs, host);
  const queue = options.readOnly
    ? undefined
    : queueOf({
        atOnce,
        waiting,
        check: (order) => check(order, store, host),
        train: async (order) => train(order, runs, store, host),
      });
  const token = process.env.DSGAN_TOKEN;
  const server = await listen(store, {
    host: options.host,
    port,
    allow,
    scenarios,
    ...(token && { token }),
    ...(queue && {
      runner: { ...queue, cancel: (name, owner) => queue.cancel(name) || stop(owner) },
    }),
  });
  process.stdout.write(`showing ${runs} on ${server.url} (Ctrl-C stops)\n`);
  await interrupted(queue);
  await server.close();
  return EXIT.met;
}

/**
 * Has the process that writes a run stop, as Ctrl-C would: it writes a checkpoint first. Who owns a run was found to be
 * alive, and the one that had taken it, just now.
 * @returns whether it is a process of this machine
 */
function stop(owner: RunOwner | undefined): boolean {
  if (owner === undefined || owner.host !== hostname() || owner.pid <= 1 || owner.pid === process.pid)
    return false;
  try {
    return process.kill(owner.pid, "SIGTERM");
  } catch {
    return false; // another user's
  }
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

/** @returns what to call an order @throws InputError where it cannot be run */
async function check(order: TrainingOrder, store: Store, { plugins }: Host): Promise<string> {
  if ("resume" in order) {
    await reopenScenario(await store.open(order.resume), plugins, modules);
    return order.resume;
  }
  const { text, file, base, overrides } = order.order;
  const origin = { base: new URL(base), file, plugins, modules, overrides, name: nameFor(file) };
  return (await loadScenario(text, origin)).scenario.name;
}

function train(order: TrainingOrder, runs: string, store: Store, host: Host): Training {
  const request: TrainerRequest =
    "resume" in order
      ? { runs, resume: order.resume }
      : { runs, scenario: { ...order.order, name: nameFor(order.order.file) } };
  const trainer = startTrainer(request, { store });
  const ended = trainer.ended.then(async () => {
    const id = await trainer.run;
    await writeReport(await store.open(id), `${runs}/${id}`, host).catch((error) => {
      process.stderr.write(`the report of ${id} could not be made: ${messageOf(error)}\n`);
    });
  });
  return { run: trainer.run, ended, cancel: () => trainer.cancel("stopped over HTTP") };
}

/**
 * A runner that runs orders on this machine, each in a trainer process of its own.
 *
 * @module
 */
import {
  type Jobs,
  type JobTask,
  loadScenario,
  type PluginExport,
  type RunOwner,
  reopenScenario,
  type Store,
} from "../../core/mod.ts";
import { modules } from "../trainer/modules.ts";
import { makeRun } from "../worker/make-run.ts";
import { type Queue, queueOf } from "./queue.ts";

/** Options of {@link trainerQueue}. */
export interface TrainerQueueOptions {
  /** Where the runs are kept: a folder, or the URL of a store. */
  readonly runs: string;
  /** Plugins that bring the store, from the working directory. */
  readonly storePlugins?: readonly string[];
  /** The store of that place. */
  readonly store: Store;
  /** The plugins that every scenario may use. A trainer process has the built-in ones. */
  readonly plugins: readonly PluginExport[];
  /** Where orders wait for their turn; whoever made it closes it. */
  readonly jobs: Jobs;
  /** Runs that compute at once, 1 unless given. Each takes all processors that it can get. */
  readonly atOnce?: number;
  /** Orders that may wait, 16 unless given. */
  readonly waiting?: number;
  /** Called with the id of each run that has ended, before its order counts as ended. */
  readonly finished?: (run: string) => Promise<void>;
}

/**
 * Makes a runner for {@link createApp} that trains in processes of this machine. Other processes that write the same runs
 * can be stopped through it too.
 *
 * @example
 * ```ts
 * import { listen, trainerQueue } from "dsgan/http/node";
 * import { localJobs } from "dsgan/jobs";
 * import { builtinPlugins } from "dsgan/plugins";
 * import { folderStore } from "dsgan/stores";
 *
 * const store = folderStore({ folder: "runs" });
 * const runner = trainerQueue({ runs: "runs", store, plugins: builtinPlugins, jobs: localJobs() });
 * const server = await listen(store, { port: 0, runner });
 * // curl -d '{"scenario": {…}}' -H 'Content-Type: application/json' http://127.0.0.1:…/api/runs
 * await runner.close(); // stops its runs after a checkpoint
 * await server.close();
 * ```
 */
export function trainerQueue(options: TrainerQueueOptions): Queue {
  const { runs, storePlugins, store, plugins, finished, ...rest } = options;
  const place = { runs, storePlugins, store };

  const check = async (task: JobTask): Promise<string> => {
    if ("resume" in task) {
      await reopenScenario(await store.open(task.resume), plugins, modules);
      return task.resume;
    }
    const { text, base, ...origin } = task.scenario;
    return (await loadScenario(text, { ...origin, base: new URL(base), plugins, modules })).scenario.name;
  };
  const queue = queueOf({
    ...rest,
    check,
    make: async (job, signal, begun) =>
      await makeRun(job, signal, { ...place, begun, ...(finished && { finished }) }),
  });
  return { ...queue, cancel: (name, owner) => queue.cancel(name) || stop(owner) };
}

/**
 * Stops the process that writes a run, as Ctrl-C would: it writes a checkpoint first. The store has just found that the
 * owner is alive.
 * @returns whether it is a process of this machine
 */
function stop(owner: RunOwner | undefined): boolean {
  if (owner === undefined || !owner.isHere || owner.pid <= 1 || owner.pid === process.pid) return false;
  try {
    return process.kill(owner.pid, "SIGTERM");
  } catch {
    return false; // another user's process
  }
}

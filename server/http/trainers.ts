/**
 * A runner that runs orders on this machine, each in a trainer process of its own.
 *
 * @module
 */
import type { Jobs, JobTask, RunOwner, Store } from "../../core/mod.ts";
import { newChecker } from "../trainer/check.ts";
import type { TrainerRequest, WhenAlone } from "../trainer/mod.ts";
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
  /** Where orders wait for their turn; whoever made it closes it. */
  readonly jobs: Jobs;
  /** Runs that compute at once, 1 unless given. Each takes all processors that it can get. */
  readonly atOnce?: number;
  /** Orders that may wait, 16 unless given. */
  readonly waiting?: number;
  /** Seconds that a trainer has to stop once it is told to, 30 unless given: then it is killed. */
  readonly grace?: number | undefined;
  /** What a trainer does when this process is gone; `stop` unless given. */
  readonly whenAlone?: WhenAlone | undefined;
  /** Megabytes that a trainer may take, unbounded unless given: with more it is killed. */
  readonly memory?: number | undefined;
  /** Minutes that a run may compute here, unbounded unless given: then it is stopped, and can be resumed. */
  readonly minutes?: number | undefined;
  /**
   * The largest scenario that is taken: the product of the four largest numbers of its application that may count rows,
   * width, steps or the like; unbounded unless given.
   */
  readonly size?: number | undefined;
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
 * import { folderStore } from "dsgan/stores";
 *
 * const store = folderStore({ folder: "runs" });
 * const runner = trainerQueue({ runs: "runs", store, jobs: localJobs() });
 * const server = await listen(store, { port: 0, runner });
 * // curl -d '{"scenario": {…}}' -H 'Content-Type: application/json' http://127.0.0.1:…/api/runs
 * await runner.close(); // stops its runs after a checkpoint
 * await server.close();
 * ```
 */
export function trainerQueue(options: TrainerQueueOptions): Queue {
  const { runs, storePlugins, store, finished, grace, whenAlone, memory, minutes, size, ...rest } = options;
  const place = { runs, storePlugins, store, grace, whenAlone, memory };

  const checker = newChecker();
  const check = async (task: JobTask): Promise<string> => {
    const request: TrainerRequest = { ...task, runs, storePlugins };
    return await checker.check(request, "scenario" in task ? size : undefined);
  };
  const queue = queueOf({
    ...rest,
    check,
    async make(job, signal, begun, atOnce) {
      const time = timeOf(minutes);
      try {
        return await makeRun(job, AbortSignal.any([signal, time.up]), {
          ...{ ...place, atOnce },
          begun(run) {
            time.begin();
            begun(run);
          },
          ...(finished && { finished }),
        });
      } finally {
        time.end();
      }
    },
  });
  return {
    ...queue,
    // The server's own runs are what a posted scenario means by the place that they have.
    start: ({ allow, ...order }) => queue.start({ ...order, ...(allow && { allow: [...allow, runs] }) }),
    cancel: (name, owner) => queue.cancel(name) || stop(owner),
    async close() {
      await queue.close();
      checker.close();
    },
  };
}

/** The time that a run may take: `up` is aborted once it has had it. */
function timeOf(minutes: number | undefined) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    up: controller.signal,
    begin() {
      if (minutes === undefined) return;
      const why = `a run may take ${minutes} minute${minutes === 1 ? "" : "s"} on this server`;
      timer = setTimeout(() => controller.abort(new Error(why)), minutes * 60_000);
    },
    end: () => clearTimeout(timer),
  };
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

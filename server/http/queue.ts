/**
 * A runner that keeps orders in a queue of jobs and has a few of them run at a time.
 *
 * @module
 */
import type { AttemptEnd, JobTask, QueuedJob } from "../../core/jobs/job.ts";
import type { Jobs, TakenJob, WorkerTraits } from "../../core/jobs/jobs.ts";
import { Busy, type Job, type Runner } from "./runner.ts";

/** Options of {@link queueOf}. */
export interface QueueOptions {
  /** Where orders wait for their turn. */
  readonly jobs: Jobs;
  /** Checks an order. @returns its title @throws InputError where it cannot be run */
  readonly check: (task: JobTask) => Promise<string>;
  /**
   * Runs an order.
   * @param signal stops the run after a checkpoint when aborted
   * @param begun to be called with the run's id, once there is one
   * @param atOnce ends whatever makes the run, when aborted
   */
  readonly make: (
    job: TakenJob,
    signal: AbortSignal,
    begun: (run: string) => void,
    atOnce: AbortSignal,
  ) => Promise<AttemptEnd>;
  /** What runs are computed on; unknown unless given. */
  readonly traits?: WorkerTraits;
  /** Runs that compute at once, 1 unless given. Each takes all processors that it can get. */
  readonly atOnce?: number;
  /** Orders that may wait, 16 unless given. */
  readonly waiting?: number;
}

/** Orders that are listed after they are over. */
const REMEMBERED = 100;
/** How long to wait until a run that starts has an id, in milliseconds. */
const PATIENCE = 10_000;
/** Seconds after which a client should try again: runs take minutes. */
const RETRY_AFTER = 30;
/** Why orders end before their time. */
const STOPPED = "stopped over HTTP";
/** Where it is not known what runs are computed on. */
export const UNKNOWN: WorkerTraits = { engine: "unknown", processor: "unknown", threads: 0, versions: {} };

/** A runner with a queue that can be closed. */
export interface Queue extends Runner {
  /** Withdraws waiting orders, stops runs after a checkpoint, and resolves when all have ended. */
  close(): Promise<void>;
  /** Ends what makes runs, at once; they can be resumed. */
  kill(): void;
}

/**
 * Makes a runner whose orders are jobs of a queue.
 * @example
 * ```ts
 * import { queueOf } from "dsgan/http";
 * import { localJobs } from "dsgan/jobs";
 *
 * const queue = queueOf({
 *   jobs: localJobs(),
 *   check: async (task) => ("resume" in task ? task.resume : task.scenario.file),
 *   make: async (job, signal, begun) => {
 *     begun("demo-1");
 *     return { kind: "ended", run: "demo-1", status: "passed", metrics: {} };
 *   },
 * });
 * const job = await queue.resume("demo-1");
 * console.log(job.run, job.title); // demo-1 demo-1
 * await queue.close();
 * ```
 */
export function queueOf(options: QueueOptions): Queue {
  const { jobs, check, make, traits = UNKNOWN, atOnce = 1, waiting = 16 } = options;
  /** The orders as they are told of, oldest first. */
  const orders = new Map<string, Omit<Job, "ahead">>();
  const prefix = crypto.randomUUID().slice(0, 8);
  const killed = new AbortController();
  let count = 0;
  let checking = 0; // orders being checked hold a place

  const update = (ticket: string, change: Partial<Job>): void => {
    const order = orders.get(ticket);
    if (order !== undefined) orders.set(ticket, { ...order, ...change });
  };
  const inState = (...states: Job["state"][]): Omit<Job, "ahead">[] =>
    [...orders.values()].filter(({ state }) => states.includes(state));
  const jobOf = (order: Omit<Job, "ahead">): Job => ({
    ...order,
    ahead:
      order.state === "queued" ? inState("queued").findIndex(({ ticket }) => ticket === order.ticket) : 0,
  });
  const working = jobs.work(
    atOnce,
    async (job, signal) => await make(job, signal, (run) => update(job.id, { run }), killed.signal),
    { traits },
  );
  const watching = jobs.watch({ group: prefix }).subscribe((record) => {
    update(record.job.id, changeOf(record));
    for (const { ticket } of inState("ended", "failed").slice(0, -REMEMBERED)) orders.delete(ticket);
  });

  const take = async (task: JobTask): Promise<Job> => {
    if (inState("queued", "running").length + checking >= atOnce + waiting) {
      throw new Busy(
        `${atOnce} run${atOnce === 1 ? "s" : ""} and ${waiting} wait: the queue is full`,
        RETRY_AFTER,
      );
    }
    checking++;
    let title: string;
    try {
      title = await check(task);
    } finally {
      checking--;
    }
    const ticket = `${prefix}-${++count}`;
    orders.set(ticket, { ticket, state: "queued", title });
    try {
      await jobs.put([{ id: ticket, task, group: prefix, retries: 0 }]);
    } catch (error) {
      orders.delete(ticket);
      throw error;
    }
    const until = performance.now() + PATIENCE;
    for (;;) {
      const order = orders.get(ticket)!;
      if (order.state !== "running" || order.run !== undefined || performance.now() >= until)
        return jobOf(order);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  return {
    start: ({ name, ...order }) => take({ scenario: { ...order, name } }),
    resume: (run) => take({ resume: run }),
    cancel(runOrTicket) {
      const order = inState("queued", "running").findLast(
        ({ run, ticket }) => run === runOrTicket || ticket === runOrTicket,
      );
      if (order === undefined) return false;
      jobs.cancel([order.ticket], STOPPED).catch(() => {}); // it goes on, and can be cancelled again
      return true;
    },
    jobs: () => [...orders.values()].map(jobOf),
    async close() {
      const open = inState("queued", "running").map(({ ticket }) => ticket);
      await jobs.cancel(open.reverse(), STOPPED); // those that wait first, or they would begin
      await (await working).drain();
      watching.unsubscribe();
    },
    kill: () => killed.abort(),
  };
}

/** What a change of a job changes in its order. Runs that have begun have a result that tells how they ended. */
function changeOf({ state, outcome }: QueuedJob): Partial<Job> {
  if (state !== "over") return { state: state === "waiting" ? "queued" : "running" };
  const run = outcome?.run !== undefined && { run: outcome.run };
  return outcome?.kind === "failed" && outcome.run === undefined
    ? { state: "failed", error: outcome.message }
    : { state: "ended", ...run };
}

/**
 * A runner that keeps orders in a queue and runs a few of them at a time.
 *
 * @module
 */
import { messageOf } from "../../core/plugin/errors.ts";
import { Busy, type Job, type Runner, type RunOrder } from "./runner.ts";

/** A run that is computing, see `server/trainer`. */
export interface Training {
  /** The run's id, once there is one. */
  readonly run: Promise<string>;
  /** Settles when the run is over. */
  readonly ended: Promise<unknown>;
  /** Writes a checkpoint and stops. */
  cancel(): void;
}

/** What to run: a scenario, or a run to resume. */
export type TrainingOrder = { readonly order: RunOrder } | { readonly resume: string };

/** Options of {@link queueOf}. */
export interface QueueOptions {
  /** Checks an order. @returns its title @throws InputError where it cannot be run */
  readonly check: (order: TrainingOrder) => Promise<string>;
  readonly train: (order: TrainingOrder) => Promise<Training>;
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

interface Entry {
  job: Omit<Job, "ahead">;
  readonly order: TrainingOrder;
  training?: Training;
}

/** A runner with a queue that can be closed. */
export interface Queue extends Runner {
  /** Withdraws waiting orders, stops runs after a checkpoint, and resolves when all have ended. */
  close(): Promise<void>;
}

/**
 * Makes an empty queue.
 * @example
 * ```ts
 * const runs = ["demo-1", "demo-2"];
 * const queue = queueOf({
 *   check: async (order) => ("resume" in order ? order.resume : order.order.file),
 *   train: async () => {
 *     const run = Promise.resolve(runs.shift()!);
 *     return { run, ended: run, cancel() {} };
 *   },
 * });
 * const job = await queue.resume("demo-1");
 * console.log(job.run, job.title); // demo-1 demo-1
 * await queue.close();
 * ```
 */
export function queueOf({ check, train, atOnce = 1, waiting = 16 }: QueueOptions): Queue {
  const entries: Entry[] = [];
  const endings = new Set<Promise<void>>();
  let count = 0;
  let checking = 0; // orders being checked hold a place
  const prefix = crypto.randomUUID().slice(0, 8);
  const inState = (state: Job["state"]): Entry[] => entries.filter(({ job }) => job.state === state);
  const update = (entry: Entry, change: Partial<Entry["job"]>): void => {
    entry.job = { ...entry.job, ...change };
  };
  const jobOf = (entry: Entry): Job => ({
    ...entry.job,
    ahead: entry.job.state === "queued" ? inState("queued").indexOf(entry) : 0,
  });

  /** Starts orders while there is room. */
  const next = (): void => {
    for (const entry of inState("queued").slice(0, Math.max(0, atOnce - inState("running").length))) {
      update(entry, { state: "running" });
      const ending = follow(entry).finally(() => {
        endings.delete(ending);
        next();
      });
      endings.add(ending);
    }
    const over = entries.filter(({ job }) => job.state === "ended" || job.state === "failed");
    for (const old of over.slice(0, -REMEMBERED)) entries.splice(entries.indexOf(old), 1);
  };

  const follow = async (entry: Entry): Promise<void> => {
    try {
      const training = await train(entry.order);
      entry.training = training;
      training.run.then(
        (run) => update(entry, { run }),
        () => {}, // `ended` rejects with the reason
      );
      await training.ended;
      update(entry, { state: "ended" });
    } catch (error) {
      update(entry, { state: "failed", error: messageOf(error) });
    }
  };

  const take = async (order: TrainingOrder): Promise<Job> => {
    const before = inState("queued").length + inState("running").length + checking;
    if (before >= atOnce + waiting) {
      throw new Busy(
        `${atOnce} run${atOnce === 1 ? "s" : ""} and ${waiting} wait: the queue is full`,
        RETRY_AFTER,
      );
    }
    checking++;
    let title: string;
    try {
      title = await check(order);
    } finally {
      checking--;
    }
    const entry: Entry = { job: { ticket: `${prefix}-${++count}`, state: "queued", title }, order };
    entries.push(entry);
    next();
    const until = performance.now() + PATIENCE;
    while (entry.job.state === "running" && entry.job.run === undefined && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return jobOf(entry);
  };

  const cancel = (runOrTicket: string): boolean => {
    const entry = entries.findLast(
      ({ job }) => (job.run === runOrTicket || job.ticket === runOrTicket) && job.state !== "ended",
    );
    if (entry?.job.state === "queued") {
      update(entry, { state: "ended" });
      return true;
    }
    if (entry?.job.state !== "running" || entry.training === undefined) return false;
    entry.training.cancel();
    return true;
  };

  return {
    start: (order) => take({ order }),
    resume: (run) => take({ resume: run }),
    cancel,
    jobs: () => entries.map(jobOf),
    async close() {
      for (const entry of inState("queued")) update(entry, { state: "ended" });
      for (const { training } of inState("running")) training?.cancel();
      await Promise.allSettled(endings);
    },
  };
}

/**
 * A runner that trains in processes of their own, so many at once.
 *
 * @module
 */
import { messageOf } from "../../core/plugin/errors.ts";
import { Busy, type Job, type Runner, type RunOrder } from "./runner.ts";

/** A training under way, see `server/trainer`. */
export interface Training {
  /** The run's id, once there is one. */
  readonly run: Promise<string>;
  /** Resolves or rejects when it is over. */
  readonly ended: Promise<unknown>;
  /** Writes a checkpoint and stops. */
  cancel(): void;
}

/** What is to be trained: a scenario, or a run that is to go on. */
export type TrainingOrder = { readonly order: RunOrder } | { readonly resume: string };

/** Options of {@link queueOf}. */
export interface QueueOptions {
  /** Checks what is ordered. @returns what to call it @throws InputError where it cannot be run */
  readonly check: (order: TrainingOrder) => Promise<string>;
  readonly train: (order: TrainingOrder) => Promise<Training>;
  /** Trainings at once. Each takes all processors that it can get. */
  readonly atOnce?: number;
  /** Orders that may wait. */
  readonly waiting?: number;
}

/** Orders that are over and still told of. */
const REMEMBERED = 100;
/** How long an order that runs is waited for until its run has an id, in milliseconds. */
const PATIENCE = 10_000;
/** After how many seconds a client does well to ask again: trainings take minutes. */
const RETRY_AFTER = 30;

interface Entry {
  job: Omit<Job, "ahead">;
  readonly order: TrainingOrder;
  training?: Training;
}

/** The queue, and how to stop all of it. */
export interface Queue extends Runner {
  /** Lets go what waits and stops what runs; resolves when all of it has ended. */
  close(): Promise<void>;
}

/** An empty queue. */
export function queueOf({ check, train, atOnce = 1, waiting = 16 }: QueueOptions): Queue {
  const entries: Entry[] = [];
  const endings = new Set<Promise<void>>();
  let count = 0;
  let admitted = 0; // being checked: they hold their place
  const prefix = crypto.randomUUID().slice(0, 8);
  const inState = (state: Job["state"]): Entry[] => entries.filter(({ job }) => job.state === state);
  const update = (entry: Entry, change: Partial<Entry["job"]>): void => {
    entry.job = { ...entry.job, ...change };
  };
  const told = (entry: Entry): Job => ({
    ...entry.job,
    ahead: entry.job.state === "queued" ? inState("queued").indexOf(entry) : 0,
  });

  /** Begins what can be begun. */
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
        () => {}, // what keeps it from having one is told by its end
      );
      await training.ended;
      update(entry, { state: "ended" });
    } catch (error) {
      update(entry, { state: "failed", error: messageOf(error) });
    }
  };

  const take = async (order: TrainingOrder): Promise<Job> => {
    const before = inState("queued").length + inState("running").length + admitted;
    if (before >= atOnce + waiting) {
      throw new Busy(
        `${atOnce} run${atOnce === 1 ? "s" : ""} and ${waiting} wait: the queue is full`,
        RETRY_AFTER,
      );
    }
    admitted++;
    let title: string;
    try {
      title = await check(order);
    } finally {
      admitted--;
    }
    const entry: Entry = { job: { ticket: `${prefix}-${++count}`, state: "queued", title }, order };
    entries.push(entry);
    next();
    const until = performance.now() + PATIENCE;
    while (entry.job.state === "running" && entry.job.run === undefined && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return told(entry);
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
    jobs: () => entries.map(told),
    async close() {
      for (const entry of inState("queued")) update(entry, { state: "ended" });
      for (const { training } of inState("running")) training?.cancel();
      await Promise.allSettled(endings);
    },
  };
}

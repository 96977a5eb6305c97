/** The suite for queues of jobs finds what is wrong with them: each is run on a queue with one fault. */
import { concatMap } from "rxjs";
import t from "tap";
import type { AttemptEnd, Job, JobHandler, Jobs } from "../../core/mod.ts";
import { localJobs } from "../../plugins/jobs/mod.ts";
import { checkJobs, type JobsUnderTest } from "../conformance/jobs.ts";
import { faults } from "./faults.ts";

t.setTimeout(600_000); // a queue at fault keeps the suite waiting

type MakeQueue = () => JobsUnderTest;

/** A queue that differs from one in memory. */
const withQueue =
  (change: (jobs: Jobs) => Partial<Jobs> = () => ({}), losesSilent = false): (() => MakeQueue) =>
  () =>
  () => {
    const jobs = localJobs();
    const changed = { ...jobs, ...change(jobs) };
    return { open: () => changed, losesSilent, patience: 6000 };
  };

/** A queue that takes jobs for others than they are. */
const withJobs = (change: (job: Job) => Partial<Job>): (() => MakeQueue) =>
  withQueue(({ put }) => ({
    put: async (jobs) => await put(jobs.map((job) => ({ ...job, ...change(job) }))),
  }));

/** A queue that lets its workers make something else of their jobs. */
const withHandler = (change: (handle: JobHandler) => JobHandler): (() => MakeQueue) =>
  withQueue(({ work }) => ({
    work: async (slots, handle, options) => await work(slots, change(handle), options),
  }));

/** Milliseconds without a sign of life after which the unfenced queue gives a worker's jobs to others. */
const SILENCE_MS = 300;

/** A queue without a fence: what a silent worker says in the end counts, though its job is another's by then. */
const unfencedQueue = (): MakeQueue => () => {
  const jobs = localJobs();
  const late = new Map<string, AttemptEnd>();
  return {
    losesSilent: true,
    patience: 6000,
    open: (machine) => ({
      ...jobs,
      async work(slots, handle, options) {
        let seen = performance.now();
        const unsaid: Promise<unknown>[] = [];
        const end = machine.every(SILENCE_MS / 6, () => {
          seen = performance.now();
        });
        const worker = await jobs.work(
          slots,
          async (job, signal) => {
            const made = handle(job, signal);
            const said = await Promise.race([made, silenceAfter(() => seen, made)]);
            if (said !== "silent") return said;
            worker.drain(); // it is taken for dead
            unsaid.push(made.then((end) => late.set(job.id, end)));
            return { kind: "lost", message: "silent" };
          },
          options,
        );
        const rest = async (): Promise<void> => {
          await Promise.all(unsaid);
          end();
        };
        return {
          ...worker,
          drain: async () => await worker.drain().then(rest),
          stop: async (reason) => await worker.stop(reason).then(rest),
        };
      },
      async list(query) {
        return (await jobs.list(query)).map((found) => {
          const end = late.get(found.job.id);
          return end === undefined || end.kind === "lost" ? found : { ...found, state: "over", outcome: end };
        });
      },
    }),
  };
};

async function silenceAfter(seen: () => number, made: Promise<unknown>): Promise<"silent"> {
  return await new Promise((resolve) => {
    const look = setInterval(() => {
      if (performance.now() - seen() > SILENCE_MS) resolve("silent");
    }, SILENCE_MS / 6);
    made.finally(() => clearInterval(look)).catch(() => {});
  });
}

faults("checkJobs()", withQueue()(), checkJobs, {
  "a job that is put twice": [
    withQueue(({ put }) => ({
      put: async (jobs) => {
        await put(jobs);
        return jobs.map(({ id }) => id);
      },
    })),
    /twice is once/,
  ],
  "priorities that do not count": [withJobs(() => ({ priority: 0 })), /in the order of priority/],
  "a job that is made twice": [
    withHandler((handle) => async (job, signal) => {
      await handle(job, signal);
      return await handle(job, signal);
    }),
    /each once/,
  ],
  "more jobs at once than slots": [
    withQueue(({ work }) => ({ work: async (slots, ...rest) => await work(slots * 2, ...rest) })),
    /at once/,
  ],
  "a job that is not tried again": [withJobs(() => ({ retries: 0 })), /as many retries as it allows/],
  "a job that is tried again without end": [
    withJobs(() => ({ retries: 1000 })),
    /broken is not as it should be/,
  ],
  "a job that runs on though it was cancelled": [
    withQueue((jobs) => ({
      async cancel(ids) {
        const running = (await jobs.list()).filter(({ state }) => state === "running");
        await jobs.cancel(ids.filter((id) => !running.some(({ job }) => job.id === id)));
      },
    })),
    /runs is not as it should be/,
  ],
  "a signal without a reason": [
    withHandler((handle) => async (job, signal) => {
      const other = new AbortController();
      signal.addEventListener("abort", () => other.abort());
      return await handle(job, other.signal);
    }),
    /AbortError|JobStopped/,
  ],
  "a worker that takes its jobs along": [
    withQueue((jobs) => ({
      async work(...given) {
        const worker = await jobs.work(...given);
        const stop = async (): Promise<void> => {
          const own = (await jobs.list()).filter((found) => found.worker === worker.id);
          await jobs.cancel(own.map(({ job }) => job.id));
          await worker.drain();
        };
        return { ...worker, stop };
      },
    })),
    /returned|settles is not as it should be/,
  ],
  "a change that is told twice": [
    withQueue(({ watch }) => ({
      watch: (query) => watch(query).pipe(concatMap((found) => [found, found])),
    })),
    /every change, once, in order/,
  ],
  "changes of other groups": [withQueue(({ watch }) => ({ watch: () => watch() })), /of the group alone/],
  "workers that nobody knows of": [withQueue(() => ({ workers: async () => [] })), /each is there/],
  "a worker that is like any other": [
    withQueue(({ work }) => ({
      work: async (slots, handle, options) =>
        await work(slots, handle, { ...options, traits: { ...options.traits, processor: "any" } }),
    })),
    /with its like/,
  ],
  "a dead worker's job that nobody takes up": [withQueue(undefined, true), /a is not as it should be/],
  "a queue that believes whoever had a job": [unfencedQueue, /its outcome was refused/],
  "a pause that is taken for an end": [
    withHandler((handle) => async (job, signal) => {
      const end = await handle(job, signal);
      return end.kind === "paused" ? { ...end, kind: "ended", status: "passed" } : end;
    }),
    /paused/,
  ],
  "a pause that is forgotten": [
    withJobs(({ task: { until, ...task } }) => ({ task: task as Job["task"] })),
    /is kept/,
  ],
  "a run held by another that costs a retry": [
    withHandler((handle) => async (job, signal) => {
      const end = await handle(job, signal);
      return end.kind === "lost" ? { kind: "lost", message: end.message } : end;
    }),
    /a is not as it should be/,
  ],
});

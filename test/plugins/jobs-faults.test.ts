/** The suite for queues of jobs finds what is wrong with them: each is run on a queue with one fault. */
import { concatMap } from "rxjs";
import t from "tap";
import type { Job, JobHandler, Jobs } from "../../core/mod.ts";
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
});

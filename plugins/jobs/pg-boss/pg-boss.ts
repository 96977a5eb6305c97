/**
 * A queue in a PostgreSQL database, kept by pg-boss: for workers of any number of machines.
 *
 * @module
 */
import { Observable } from "rxjs";
import {
  checkJob,
  component,
  type Job,
  type Jobs,
  type JobWorker,
  LONGEST_BACKOFF,
  type Machine,
  messageOf,
  parseOptions,
  Queues,
  thisMachine,
  z,
} from "../../../core/mod.ts";
import { addressOf } from "./address.ts";
import { inOne, type Kept, type Link, openLink, QUEUE, uuidOf, workersSeen } from "./link.ts";
import { listJobs, watchJobs } from "./watch.ts";
import { startWorker } from "./worker.ts";

const options = z.strictObject({
  url: z
    .string()
    .default("postgres://localhost:5432/dsgan")
    .describe(
      "Address of the database: `postgres://user:password@host:port/name`. The environment's `PGPASSWORD` serves where it has no password. `?silence=…` and `poll=…` may follow.",
    ),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,49}$/, "expected lower case letters, digits and _ (50 at most)")
    .default("dsgan_jobs")
    .describe("Schema of the tables; another one is another queue."),
  silence: z
    .int()
    .min(10)
    .max(3600)
    .default(15)
    .describe("Seconds without a sign of life after which a worker's jobs are another's."),
  poll: z
    .number()
    .min(0.1)
    .max(60)
    .default(2)
    .describe("Seconds between two looks for jobs, and for changes."),
});

/** Options of {@link pgBossJobs}. */
export type PgBossOptions = z.input<typeof options>;

/**
 * The queue in a database. It connects when it is first used. Its methods throw an InputError where the database cannot
 * be reached at first; what goes wrong later is told to the workers' `trouble`, and tried again.
 * @param machine whose timers workers go by; tests alone need another than this one
 * @throws InputError where an option is out of its range
 */
export function pgBossJobs(given: PgBossOptions = {}, machine: Machine = thisMachine): Jobs {
  const { url, ...usual } = parseOptions("pg-boss", options, given);
  const { url: connection, ...own } = addressOf(url);
  const { schema, silence, poll } = parseOptions("pg-boss", options, { ...usual, ...own });
  const looking = { poll: poll * 1000, silence };
  const workers = new Set<JobWorker>();
  const troubled = new Set<(message: string) => void>();
  const closing = new AbortController();
  let opened: Promise<Link> | undefined;
  const open = async (): Promise<Link> => {
    closing.signal.throwIfAborted();
    const trouble = (error: unknown): void => {
      for (const tell of troubled) tell(messageOf(error));
    };
    opened ??= openLink({ url: connection, schema, silence, trouble }).catch((error) => {
      opened = undefined; // the next try may reach it
      throw error;
    });
    return await opened;
  };

  return {
    name: "pg-boss",
    async put(jobs) {
      for (const job of jobs) checkJob(job);
      const unique = new Map<string, Job>();
      for (const job of jobs) if (!unique.has(uuidOf(job.id))) unique.set(uuidOf(job.id), job);
      if (unique.size === 0) return [];
      const link = await open();
      let added: readonly string[] = [];
      await inOne(link, async (db) => {
        added =
          (await link.boss.insert(QUEUE, [...unique.values()].map(insertOf), { returnId: true, db })) ?? [];
        // Jobs of one transaction have one time, and so no order.
        await db.executeSql(
          `update ${link.schema}.job j set created_on = created_on + n.n * interval '1 microsecond'
           from unnest($2::uuid[]) with ordinality n (id, n) where j.name = $1 and j.id = n.id and j.id = any($3::uuid[])`,
          [QUEUE, [...unique.keys()], added],
        );
      });
      return [...unique].filter(([uuid]) => added.includes(uuid)).map(([, { id }]) => id);
    },
    async work(slots, handle, work) {
      const link = await open();
      const worker = await startWorker(link, slots, handle, work, { machine, ...looking });
      if (work.trouble !== undefined) troubled.add(work.trouble);
      workers.add(worker);
      return worker;
    },
    async cancel(ids) {
      if (ids.length === 0) return;
      const { boss } = await open();
      await boss.cancel(QUEUE, ids.map(uuidOf));
    },
    list: async (query = {}) => await listJobs(await open(), silence, query),
    watch: (query = {}) =>
      new Observable((subscriber) => {
        closing.signal.addEventListener("abort", () => subscriber.complete());
        return watchJobs(open, looking, query).subscribe(subscriber);
      }),
    async workers() {
      const rows = await workersSeen(await open(), silence);
      return rows.map(({ about, jobs }) => ({ ...about, jobs: jobs.map(({ job }) => job) }));
    },
    async close() {
      await Promise.all([...workers].map((worker) => worker.stop("the queue is closed")));
      closing.abort(new Error("the queue is closed"));
      const link = await opened?.catch(() => undefined);
      await link?.boss.stop({ graceful: false, close: true });
    },
  };
}

function insertOf(job: Job): { readonly id: string; readonly data: Kept } & Record<string, unknown> {
  const { id, priority = 0, backoff = 1, group } = job;
  return {
    id: uuidOf(id),
    data: { job, unlost: 0, passed: 0 },
    priority,
    retryDelay: backoff,
    retryDelayMax: Math.max(backoff, LONGEST_BACKOFF),
    ...(group !== undefined && { group: { id: group } }),
  };
}

/** Named by its address, `postgres://…`, or `{ use: pg-boss, url: … }`. */
export default component(Queues, {
  name: "pg-boss",
  summary: "Jobs in a PostgreSQL database, for workers of many machines",
  reference: "https://github.com/timgit/pg-boss",
  location: { schemes: ["postgres", "postgresql"], options: (location) => ({ url: location }) },
  options,
  create: (given) => pgBossJobs(given),
});

/**
 * Jobs as they stand in the database, and their changes: looked for from time to time, so that what happened between
 * two looks is told from what pg-boss counts.
 *
 * @module
 */
import { Observable } from "rxjs";
import { type JobEnd, type JobQuery, messageOf, type QueuedJob, RunError } from "../../../core/mod.ts";
import { type Kept, type Link, QUEUE, uuidOf, workersSeen } from "./link.ts";
import { troubleOf } from "./worker.ts";

/** How a job stands. */
interface Row {
  readonly id: string;
  readonly state: "created" | "retry" | "active" | "completed" | "cancelled" | "failed";
  /** How often it was taken up. */
  readonly attempt: number;
}

/** What is read only of jobs that have changed: it may be long. */
interface Contents {
  readonly id: string;
  readonly data: Kept;
  readonly output: unknown;
}

/** All jobs, in the order in which they were put. */
async function rowsOf({ sql, schema }: Link, group: string | undefined): Promise<readonly Row[]> {
  return await sql<Row>(
    `select id, state::text,
       case when started_on is null then 0 else retry_count + 1 - (data->>'passed')::int end as attempt
     from ${schema}.job where name = $1 and ($2::text is null or group_id = $2) order by created_on, id`,
    [QUEUE, group ?? null],
  );
}

async function contentsOf({ sql, schema }: Link, ids: readonly string[]): Promise<Map<string, Contents>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<Contents>(
    `select id, data, output from ${schema}.job where name = $1 and id = any($2::uuid[])`,
    [QUEUE, ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Who is at which job, by job and attempt. */
async function takersOf(link: Link, silence: number): Promise<Map<string, string>> {
  const workers = await workersSeen(link, silence);
  return new Map(
    workers.flatMap(({ about, jobs }) =>
      jobs.map(({ job, retryCount }) => [`${uuidOf(job)} ${retryCount}`, about.id] as const),
    ),
  );
}

/** Jobs as they stand. */
export async function listJobs(link: Link, silence: number, query: JobQuery): Promise<readonly QueuedJob[]> {
  const rows = await rowsOf(link, query.group);
  const contents = await contentsOf(
    link,
    rows.map(({ id }) => id),
  );
  const takers = await takersOf(link, silence);
  return rows.flatMap((row) => {
    const found = contents.get(row.id);
    return found === undefined ? [] : [jobOf(row, found, takers)];
  });
}

function jobOf(row: Row, { data, output }: Contents, takers: ReadonlyMap<string, string>): QueuedJob {
  const { job } = data;
  const { attempt } = row;
  switch (row.state) {
    case "created":
    case "retry": {
      const trouble = row.state === "retry" ? troubleOf(output) : undefined;
      return { job, state: "waiting", attempt, ...(trouble !== undefined && { trouble }) };
    }
    case "active": {
      const worker = takers.get(`${row.id} ${attempt - 1 + data.passed}`);
      return { job, state: "running", attempt, ...(worker !== undefined && { worker }) };
    }
    case "completed":
      return { job, state: "over", attempt, outcome: output as JobEnd };
    case "cancelled":
      return { job, state: "over", attempt, outcome: { kind: "cancelled" } };
    case "failed":
      return {
        job,
        state: "over",
        attempt,
        outcome: { kind: "failed", message: troubleOf(output) ?? "lost" },
      };
  }
}

/** Milliseconds for which a job that runs is not told of while nobody says that it is at it: a worker may pass it on. */
const UNCLAIMED_MS = 5000;
/** Milliseconds for which the database may be away. */
const AWAY_MS = 120_000;

/** The changes of jobs, looked for so often. */
export function watchJobs(
  open: () => Promise<Link>,
  { poll, silence }: { readonly poll: number; readonly silence: number },
  { group }: JobQuery,
): Observable<QueuedJob> {
  return new Observable((subscriber) => {
    const told = new Map<string, QueuedJob>();
    const unclaimed = new Map<string, number>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let answered = performance.now();
    let hasLooked = false;
    const look = async (): Promise<void> => {
      const link = await open();
      const rows = (await rowsOf(link, group)).filter(({ id, state, attempt }) => {
        const last = told.get(id);
        return last === undefined || last.attempt !== attempt || last.state !== STATES[state];
      });
      const isFirst = !hasLooked;
      hasLooked = true;
      if (rows.length === 0) return;
      const contents = await contentsOf(
        link,
        rows.map(({ id }) => id),
      );
      const takers = await takersOf(link, silence);
      for (const row of rows) {
        const found = contents.get(row.id);
        if (found === undefined || subscriber.closed) continue;
        const job = jobOf(row, found, takers);
        if (job.state === "running" && job.worker === undefined) {
          const since = unclaimed.get(row.id) ?? performance.now();
          unclaimed.set(row.id, since);
          if (performance.now() - since < UNCLAIMED_MS) continue;
        }
        unclaimed.delete(row.id);
        // One that was put since the last look has waited, however shortly.
        const unseen: QueuedJob = { job: job.job, state: "waiting", attempt: 0 };
        const last = told.get(row.id);
        told.set(row.id, job);
        const isNew = job.state === "waiting" && job.attempt === 0;
        if (last === undefined && !isFirst && !isNew) subscriber.next(unseen);
        for (const step of isFirst ? [job] : between(last ?? unseen, job)) subscriber.next(step);
      }
    };
    const again = async (): Promise<void> => {
      try {
        await look();
        answered = performance.now();
      } catch (error) {
        if (performance.now() - answered > AWAY_MS) {
          subscriber.error(new RunError(`the queue cannot be read: ${messageOf(error)}`, { cause: error }));
        }
      }
      if (!subscriber.closed) timer = setTimeout(again, poll);
    };
    again();
    return () => clearTimeout(timer);
  });
}

const STATES: Readonly<Record<Row["state"], QueuedJob["state"]>> = {
  created: "waiting",
  retry: "waiting",
  active: "running",
  completed: "over",
  cancelled: "over",
  failed: "over",
};

/** How a job came from one state to another: what nobody has seen in between must have been. */
function between(last: QueuedJob, now: QueuedJob): readonly QueuedJob[] {
  const { job } = now;
  const steps: QueuedJob[] = [];
  for (let attempt = last.attempt; attempt <= now.attempt; attempt++) {
    const isFirst = attempt === last.attempt;
    const isLast = attempt === now.attempt;
    if (!isFirst && !(isLast && now.state === "running")) steps.push({ job, state: "running", attempt });
    if (!isLast && !(isFirst && last.state === "waiting")) steps.push({ job, state: "waiting", attempt });
  }
  return [...steps, now];
}

/**
 * The connection to the database, and what is kept there beside pg-boss's own tables.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Db, JobWithMetadata, PgBoss } from "pg-boss";
import { InputError, type Job, messageOf, type WorkerRecord, type WorkerTraits } from "../../../core/mod.ts";

/** Name of the queue within pg-boss. */
export const QUEUE = "runs";
/** Seconds that an attempt may last: pg-boss allows no more. */
export const LONGEST_ATTEMPT = 24 * 3600;
/** We count ourselves which attempts were lost: pg-boss never gives a job up. */
const NEVER = 1_000_000;
/** Seconds between two looks for workers that are silent. */
const SUPERVISE = 5;
/** Connections of a process at most; an idle worker has two, as it looks for jobs and tells that it is alive at a time. */
const CONNECTIONS = 3;

/** What pg-boss keeps of a job. */
export interface Kept {
  readonly job: Job;
  /** Attempts that were given back or passed on, and so were not lost. */
  readonly unlost: number;
  /** Those of them that were passed on to a like worker: nobody has seen them. */
  readonly passed: number;
  /** Of the worker that last gave it back or lost it. */
  readonly traits?: WorkerTraits;
}

/** An attempt, as pg-boss fences what is said of it. */
export interface AttemptRef {
  readonly id: string;
  readonly retryCount: number;
}

/** A job as pg-boss gives it out. */
export type Fetched = JobWithMetadata<Kept>;

/** What is known of a worker. */
export interface WorkerRow {
  readonly about: Omit<WorkerRecord, "jobs">;
  readonly jobs: readonly { readonly job: string; readonly retryCount: number }[];
}

/** An open connection. */
export interface Link {
  readonly boss: PgBoss;
  /** Name of the schema, as SQL has it. */
  readonly schema: string;
  sql<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

/** pg-boss's id of a job: of the same job always the same. */
export function uuidOf(id: string): string {
  const hex = createHash("sha256").update(id).digest("hex");
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** What a link is opened with. */
export interface LinkOptions {
  readonly url: string;
  readonly schema: string;
  /** Seconds without a sign of life after which an attempt is lost. */
  readonly silence: number;
  /** Called with what goes wrong in the background. */
  readonly trouble: (error: unknown) => void;
}

/** Connects, and makes the tables where they are not there. @throws InputError where that fails, saying why */
export async function openLink({ url, schema, silence, trouble }: LinkOptions): Promise<Link> {
  const { PgBoss } = await import("pg-boss").catch((cause: unknown) => {
    throw new InputError(
      `the package pg-boss cannot be loaded: ${messageOf(cause)}. npm install pg-boss@12`,
      {
        cause,
      },
    );
  });
  const boss = new PgBoss({
    connectionString: url,
    application_name: "dsgan",
    schema,
    max: CONNECTIONS,
    schedule: false,
    registerInstance: false,
    superviseIntervalSeconds: SUPERVISE,
    monitorIntervalSeconds: SUPERVISE,
  });
  boss.on("error", trouble);
  const link: Link = {
    boss,
    schema: `"${schema}"`,
    sql: async (text, values = []) => (await boss.getDb().executeSql(text, [...values])).rows,
  };
  try {
    await boss.start();
    await boss.createQueue(QUEUE, {
      expireInSeconds: LONGEST_ATTEMPT,
      heartbeatSeconds: silence,
      retryLimit: NEVER,
      retryBackoff: true,
      retentionSeconds: 10 * 365 * 24 * 3600,
      deleteAfterSeconds: 0, // never: a job that was put again later would be made again
    });
    await link.sql(`
      begin;
      select pg_advisory_xact_lock(hashtext('dsgan jobs'));
      create table if not exists ${link.schema}.dsgan_worker (
        id text primary key, about jsonb not null, jobs jsonb not null, seen timestamptz not null);
      commit`);
  } catch (cause) {
    await boss.stop({ graceful: false }).catch(() => {});
    throw new InputError(`jobs cannot be kept in the database: ${messageOf(cause)}`, { cause });
  }
  return link;
}

/** Does several things in one transaction: all of them or none. */
export async function inOne({ boss }: Link, act: (db: Db) => Promise<void>): Promise<void> {
  const { db, commit, rollback } = await boss.getDb().beginTransaction!();
  try {
    await act(db);
  } catch (error) {
    await rollback().catch(() => {}); // the connection is gone, and the transaction with it
    throw error;
  }
  await commit();
}

/** The workers that have given a sign of life within so many seconds, those that came first first. */
export async function workersSeen({ sql, schema }: Link, seconds: number): Promise<readonly WorkerRow[]> {
  return await sql<WorkerRow>(
    `select about, jobs from ${schema}.dsgan_worker where seen > now() - make_interval(secs => $1)
     order by about->>'since', id`,
    [seconds],
  );
}

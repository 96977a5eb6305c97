/**
 * Queues of jobs: who puts jobs, and who takes them, need not know of each other, and may be processes of different
 * machines.
 *
 * @module
 */
import type { Observable } from "rxjs";
import { type Contract, contract } from "../plugin/contract.ts";
import type { AttemptEnd, Job, QueuedJob } from "./job.ts";

/** A job that a worker has taken. */
export interface TakenJob extends Job {
  /** Number of the attempt, from 1. */
  readonly attempt: number;
}

/**
 * Makes the run of a job. It must leave its worker's event loop free, or the worker passes for dead.
 * @param signal aborted, with a JobStopped as its reason, once the job is not to go on here: write a checkpoint and
 *   settle, in whatever way
 * @returns what the attempt came to. Rejecting means that the attempt was lost, or with an InputError, that the job failed
 */
export type JobHandler = (job: TakenJob, signal: AbortSignal) => Promise<AttemptEnd>;

/** What a worker computes on: where two have the same, they compute the same numbers. */
export interface WorkerTraits {
  /** The engine that `auto` takes there. */
  readonly engine: string;
  /** Its model. */
  readonly processor: string;
  /** Threads that a run may use. */
  readonly threads: number;
  /** Versions of dsgan, the runtime and the engine, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Whether two workers compute the same numbers, bit for bit. */
export function isAlike(one: WorkerTraits, other: WorkerTraits): boolean {
  return likenessOf(one) === likenessOf(other);
}

function likenessOf({ engine, processor, threads, versions }: WorkerTraits): string {
  return JSON.stringify([engine, processor, threads, Object.entries(versions).sort()]);
}

/** How a worker works. */
export interface WorkOptions {
  /** A job whose earlier attempt was made by a worker of other traits waits a while for one of its own kind. */
  readonly traits: WorkerTraits;
  /** Called with what keeps the worker from its queue, such as a server that is away. It tries again by itself. */
  readonly trouble?: (message: string) => void;
}

/** A worker of this process. */
export interface JobWorker {
  readonly id: string;
  /** Takes no more jobs; resolves when those under way are over. */
  drain(): Promise<void>;
  /**
   * Takes no more jobs, and aborts the signals of those under way. What their handlers have not ended goes back to the
   * queue, for another worker to take up at once; that uses up none of the job's retries.
   */
  stop(reason: string): Promise<void>;
}

/** A worker, of whichever process. */
export interface WorkerRecord {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Jobs that it takes at once. */
  readonly slots: number;
  /** Ids of those that it is at. */
  readonly jobs: readonly string[];
  readonly traits: WorkerTraits;
  /** Since when it works. ISO 8601, UTC. */
  readonly since: string;
}

/** Which jobs are meant: all of them unless something is given. */
export interface JobQuery {
  readonly group?: string;
}

/**
 * A queue of jobs, as one process sees it. Each job is one worker's at a time; a worker that is silent for too long
 * loses its jobs to others, and what it says of them afterwards changes nothing.
 */
export interface Jobs {
  readonly name: string;
  /**
   * Puts jobs. One whose id is there already stays as it is, even where it is over.
   * @returns ids of those that are new
   * @throws InputError for an id, a number of retries or a backoff of another form
   */
  put(jobs: readonly Job[]): Promise<readonly string[]>;
  /**
   * Takes jobs from now on, so many at once.
   * @param slots from 1
   */
  work(slots: number, handle: JobHandler, options: WorkOptions): Promise<JobWorker>;
  /**
   * Cancels jobs. One that waits is over at once; of one that runs, the signal is aborted, wherever that is. What is
   * over, or not there, stays as it is.
   */
  cancel(ids: readonly string[], reason?: string): Promise<void>;
  /** The jobs that there are, in the order in which they were put. */
  list(query?: JobQuery): Promise<readonly QueuedJob[]>;
  /**
   * First the jobs that there are, in the order in which they were put, then each after each change, in order. Never
   * completes by itself unless the queue is closed. Errors where the queue cannot be read.
   */
  watch(query?: JobQuery): Observable<QueuedJob>;
  /** The workers that are alive. */
  workers(): Promise<readonly WorkerRecord[]>;
  /** Stops this process' workers and lets go of what the queue has opened. Jobs that wait stay, where a queue outlives its process. */
  close(): Promise<void>;
}

/** The contract under which queues of jobs are registered. */
export const Queues: Contract<Jobs> = contract("jobs", "Keeps jobs, and gives each to one worker");

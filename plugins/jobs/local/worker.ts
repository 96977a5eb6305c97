/**
 * Workers of the queue in memory.
 *
 * @module
 */
import { hostname } from "node:os";
import {
  type AttemptEnd,
  attemptJob,
  type JobHandler,
  JobStopped,
  type JobWorker,
  type TakenJob,
  type WorkerRecord,
  type WorkerTraits,
} from "../../../core/mod.ts";

/** A worker as its queue sees it. */
export interface LocalWorker extends JobWorker {
  readonly traits: WorkerTraits;
  isFree(): boolean;
  /** Begins with a job. @param stop ends the attempt when aborted */
  take(job: TakenJob, stop: AbortController): void;
  record(): WorkerRecord;
}

/** What a worker tells its queue. */
export interface WorkerEvents {
  /** An attempt has come to its end. */
  settled(job: TakenJob, stop: AbortController, ended: AttemptEnd): void;
  /** The worker takes no more jobs and is at none. */
  left(): void;
}

/** Starts a worker. */
export function localWorker(
  slots: number,
  handle: JobHandler,
  traits: WorkerTraits,
  events: WorkerEvents,
): LocalWorker {
  const id = crypto.randomUUID();
  const since = new Date().toISOString();
  const held = new Map<TakenJob, AbortController>();
  const left = Promise.withResolvers<void>();
  let isOpen = true;
  const leaveWhereDone = (): void => {
    if (isOpen || held.size > 0) return;
    events.left();
    left.resolve();
  };
  const drain = async (): Promise<void> => {
    isOpen = false;
    leaveWhereDone();
    await left.promise;
  };
  return {
    id,
    traits,
    isFree: () => isOpen && held.size < slots,
    take(job, stop) {
      held.set(job, stop);
      attemptJob(handle, job, stop.signal).then((ended) => {
        held.delete(job);
        events.settled(job, stop, ended);
        leaveWhereDone();
      });
    },
    record: () => ({
      ...{ id, host: hostname(), pid: process.pid, slots, traits, since },
      jobs: [...held.keys()].map((job) => job.id),
    }),
    drain,
    async stop(reason) {
      isOpen = false;
      for (const stop of held.values()) stop.abort(new JobStopped("returned", reason));
      await drain();
    },
  };
}

/**
 * What a sweep's host sends to the queue, and what comes back.
 *
 * @module
 */
import {
  InputError,
  type JobOutcome,
  type Jobs,
  type LoadedSweep,
  type QueuedJob,
  type RunWriter,
} from "../../core/mod.ts";
import type { KeptJob, SweepText } from "./kept.ts";
import { type Ledger, outcomeOf, queuedJob, queueIdOf } from "./ledger.ts";

/** Between a ledger and a queue. */
export interface Mail {
  /** Puts jobs into the queue. One that it has had stays as it is there. */
  send(records: readonly KeptJob[]): Promise<void>;
  /** Cancels jobs there. */
  cancel(records: readonly KeptJob[], reason: string): Promise<void>;
  /** The sweep's jobs as they stand there, by the ids that they have there. */
  standing(): Promise<ReadonlyMap<string, QueuedJob>>;
  /** Begins to listen: what is over already has come back. */
  listen(): void;
  /** Writes down what has come back. @returns whether somebody has cancelled a job */
  takeIn(): Promise<boolean>;
  /** Resolves once something has come back, or after a while. @throws RunError where the queue cannot be read */
  arrival(stop: AbortSignal): Promise<void>;
  close(): void;
}

/** Milliseconds after which a host looks around although nothing has come: workers may have. */
const LOOK_MS = 5000;
/** Milliseconds for which the queue may be away, and between two tries. */
const AWAY_MS = 120_000;
const AGAIN_MS = 1000;

/** A sweep whose mail it is. */
export interface MailOptions {
  readonly loaded: LoadedSweep;
  readonly text: SweepText;
  readonly writer: RunWriter;
  readonly jobs: Jobs;
}

/** Opens the mail of a sweep. */
export function openMail({ loaded, text, writer, jobs }: MailOptions, ledger: Ledger): Mail {
  const group = writer.id;
  const arrived = new Map<string, JobOutcome>();
  let broken: { readonly error: unknown } | undefined;
  let wake = (): void => {};
  let end = (): void => {};
  const byQueueId = (): ReadonlyMap<string, KeptJob> =>
    new Map(ledger.open().map((record) => [queueIdOf(record, group), record]));
  return {
    async send(records) {
      if (records.length === 0) return;
      await writer.flush?.(); // a job that is under way is in the log
      await insist(() => jobs.put(records.map((record) => queuedJob(record, group, loaded, text))));
    },
    async cancel(records, reason) {
      const ids = records.map((record) => queueIdOf(record, group));
      await insist(() => jobs.cancel(ids, reason));
    },
    standing: async () =>
      new Map((await insist(() => jobs.list({ group }))).map((found) => [found.job.id, found])),
    listen() {
      const watching = jobs.watch({ group }).subscribe({
        next({ job, outcome }) {
          if (outcome === undefined) return;
          arrived.set(job.id, outcomeOf(outcome));
          wake();
        },
        error(error) {
          broken = { error };
          wake();
        },
      });
      end = () => watching.unsubscribe();
    },
    async takeIn() {
      let isCancelled = false;
      const expected = byQueueId();
      for (const [id, outcome] of arrived) {
        arrived.delete(id);
        const record = expected.get(id);
        if (record === undefined) continue; // of a round before
        await ledger.settle(record.job, outcome);
        isCancelled ||= outcome.kind === "cancelled";
      }
      return isCancelled;
    },
    async arrival(stop) {
      const woken = Promise.withResolvers<void>();
      wake = woken.resolve;
      stop.addEventListener("abort", wake);
      const timer = setTimeout(wake, LOOK_MS);
      if (arrived.size === 0 && broken === undefined && !stop.aborted) await woken.promise;
      clearTimeout(timer);
      stop.removeEventListener("abort", wake);
      if (broken !== undefined) throw broken.error;
    },
    close: () => end(),
  };
}

/** Tries for a while: a queue's server may be away. @throws as the last try does, and at once what was refused */
async function insist<T>(act: () => Promise<T>): Promise<T> {
  const until = performance.now() + AWAY_MS;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (error instanceof InputError || performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

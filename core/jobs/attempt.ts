/**
 * Attempts at jobs, and what becomes of a job after one: the same in every queue.
 *
 * @module
 */
import { InputError, messageOf } from "../plugin/errors.ts";
import {
  type AttemptEnd,
  HELD_SECONDS,
  type Job,
  type JobEnd,
  JobStopped,
  LONGEST_BACKOFF,
  RETRIES,
} from "./job.ts";
import type { JobHandler, TakenJob } from "./jobs.ts";

/** What becomes of a job: it is over, or it waits for its next attempt. */
export type JobVerdict =
  | { readonly outcome: JobEnd }
  | {
      readonly again: {
        /** Why the attempt came to nothing. */
        readonly trouble: string;
        /** Seconds before the next, at least. */
        readonly after: number;
        /** Whether the attempt counts among those that were lost. */
        readonly isLoss: boolean;
      };
    };

/** Makes an attempt. Never rejects. */
export async function attemptJob(
  handle: JobHandler,
  job: TakenJob,
  signal: AbortSignal,
): Promise<AttemptEnd> {
  try {
    return await handle(job, signal);
  } catch (error) {
    const message = messageOf(error);
    if (!(error instanceof InputError)) return { kind: "lost", message };
    return error.mayPass ? { kind: "lost", isBlocked: true, message } : { kind: "failed", message };
  }
}

/**
 * Judges an attempt.
 * @param losses attempts at the job that were lost before
 * @param signal the one that the attempt was given
 */
export function judgeAttempt(job: Job, losses: number, ended: AttemptEnd, signal: AbortSignal): JobVerdict {
  const stopped = signal.aborted && signal.reason instanceof JobStopped ? signal.reason : undefined;
  if (ended.kind !== "lost" && ended.kind !== "cancelled") return { outcome: ended };
  if (stopped?.why === "returned") {
    return { again: { trouble: stopped.message, after: 0, isLoss: false } };
  }
  if (ended.kind === "cancelled") return { outcome: ended };
  const run = ended.run !== undefined && { run: ended.run };
  if (stopped?.why === "cancelled") return { outcome: { kind: "cancelled", ...run } };
  if (ended.isBlocked) return { again: { trouble: ended.message, after: HELD_SECONDS, isLoss: false } };
  const { retries = RETRIES, backoff = 1 } = job;
  if (losses >= retries) return { outcome: { kind: "failed", message: ended.message, ...run } };
  const after = Math.min(LONGEST_BACKOFF, backoff * 2 ** losses);
  return { again: { trouble: ended.message, after, isLoss: true } };
}

/**
 * Checks of jobs, for queues.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";
import { checkRunId } from "../run/store.ts";
import type { Job } from "./job.ts";

/** Seconds that a job may wait before its first retry. */
const LONGEST_FIRST = 86_400;

/** @throws InputError where a job is not what a queue takes */
export function checkJob(job: Job): Job {
  const { id, priority = 0, retries = 0, backoff = 1, task } = job;
  checkRunId(id);
  if ("scenario" in task && task.run !== undefined) checkRunId(task.run);
  if (task.until !== undefined) whole(id, "until.step", task.until.step, 1, Number.MAX_SAFE_INTEGER);
  whole(id, "priority", priority, -1e6, 1e6);
  whole(id, "retries", retries, 0, 1000);
  whole(id, "backoff", backoff, 1, LONGEST_FIRST);
  return job;
}

function whole(id: string, what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new InputError(
    `job ${id}: ${what} must be a whole number from ${least} to ${most}, got ${String(value)}`,
  );
}

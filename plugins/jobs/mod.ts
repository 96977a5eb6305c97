/**
 * Queues of jobs: the package's `dsgan/jobs`.
 *
 * @module
 */
export { type LocalOptions, localJobs } from "./local/local.ts";

/**
 * Queues of jobs: the package's `dsgan/jobs`.
 *
 * @module
 */
export { type LocalOptions, localJobs } from "./local/local.ts";
export { type PgBossOptions, pgBossJobs } from "./pg-boss/pg-boss.ts";

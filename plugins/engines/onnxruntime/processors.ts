/**
 * How many threads an engine may use.
 *
 * @module
 */
import { availableParallelism } from "node:os";

/** Environment variable that bounds it, where several runs share a machine. */
const LIMIT = "DSGAN_THREADS";

/** Processors that this process may use, or fewer where `DSGAN_THREADS` says so; 1 at least. */
export function processors(): number {
  const limit = Number(process.env[LIMIT] || Number.POSITIVE_INFINITY);
  return limit >= 1 ? Math.min(availableParallelism(), Math.floor(limit)) : availableParallelism();
}

/**
 * How many threads runs may use that share a machine.
 *
 * @module
 */

/** Variables from which what a trainer loads takes its number of threads. */
const THREADS = ["DSGAN_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"];

/** Bounds the threads of each trainer that this process starts from now on. */
export function limitThreads(threads: number): void {
  for (const name of THREADS) process.env[name] = String(threads); // trainers inherit it
}

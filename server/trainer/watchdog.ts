/**
 * Watches a trainer from a thread of its own, whatever the trainer is busy with: a step may take hours, in which the
 * process hears of nothing.
 *
 * @module
 */
import { Worker } from "node:worker_threads";

/** When a process ends itself. */
export interface WatchdogOptions {
  /** Seconds that the process may live once its parent is gone; without, it may outlive it. */
  readonly alone?: number;
  /** Number of the parent. */
  readonly parent: number;
  /** Megabytes that it may take; unbounded unless given. */
  readonly memory?: number;
}

/** How often it looks, in milliseconds. */
const EVERY = 500;

/** Ends this process once its parent has been gone for long, or it takes too much memory. */
export function watchOver({ alone, parent, memory }: WatchdogOptions): void {
  if (alone === undefined && memory === undefined) return;
  const workerData = { alone, memory, parent, every: EVERY };
  new Worker(WATCHDOG, { eval: true, workerData }).unref();
}

// As text: a thread that loads nothing begins at once and takes little. `writeSync` is done before the process ends.
const WATCHDOG = `
const { workerData: { alone, memory, parent, every } } = require("node:worker_threads");
const { writeSync } = require("node:fs");
let since;
const end = (why) => {
  try { writeSync(2, why + "\\n"); } catch {}
  process.kill(process.pid, "SIGKILL");
};
setInterval(() => {
  const taken = process.memoryUsage().rss / 1e6;
  if (memory !== undefined && taken > memory) end("it took " + Math.round(taken) + " MB of memory, and may take " + memory);
  if (process.ppid === parent) since = undefined;
  else since ??= Date.now();
  if (alone !== undefined && since !== undefined && Date.now() - since > alone * 1000) end("its server is gone");
}, every);
`;

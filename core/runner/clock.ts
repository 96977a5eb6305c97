/**
 * Time in a session: how long the run has taken, when a checkpoint is due, when the event loop needs a turn.
 *
 * @module
 */
import type { CheckpointPolicy } from "../scenario/scenario.ts";

/** A computing run gives timers, signals and sockets a turn after so many milliseconds. */
const PAUSE_EVERY_MS = 20;

/**
 * Starts a stopwatch.
 * @param before seconds that it shows at the start
 * @returns the seconds that it shows now
 */
export function stopwatch(before: number): () => number {
  const start = performance.now() - before * 1000;
  return () => (performance.now() - start) / 1000;
}

/** Tells when a checkpoint is due. */
export interface CheckpointClock {
  /** Asked once at each moment at which a checkpoint can be written. */
  due(): boolean;
  /** A checkpoint was written. */
  restart(): void;
}

/** A clock that follows a scenario's policy: after so many seconds or so many moments, whichever comes first. */
export function checkpointClock({
  seconds,
  steps = Number.POSITIVE_INFINITY,
}: CheckpointPolicy): CheckpointClock {
  let last = performance.now();
  let moments = 0;
  return {
    due: () => ++moments >= steps || performance.now() - last >= seconds * 1000,
    restart() {
      last = performance.now();
      moments = 0;
    },
  };
}

/** @returns a function that gives the event loop a turn where its last one is a while ago */
export function pauses(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < PAUSE_EVERY_MS) return undefined;
    return new Promise((resolve) =>
      setTimeout(() => {
        last = performance.now();
        resolve();
      }),
    );
  };
}

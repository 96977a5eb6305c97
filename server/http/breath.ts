/**
 * Divides long work into short pieces, so that other requests get their turns of the event loop.
 *
 * @module
 */

/** How long work may hold the event loop, in milliseconds. */
const LONGEST_MS = 10;

/** A turn for everybody else. A timer would wait a millisecond, which adds up where there is nobody else. */
function breath(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}

/** Returns a function to await between two pieces of work: it gives way to others once the work has taken 10 ms. */
export function breaths(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < LONGEST_MS) return undefined;
    return breath().then(() => {
      since = performance.now();
    });
  };
}

/** Jobs done in one turn. */
const JOBS_PER_TURN = 16;

/** Returns a function that queues small jobs. A few run at a time, so that a crowd of them holds up nobody for long. */
export function turns(): (job: () => void) => void {
  const waiting: (() => void)[] = [];
  let isWorking = false;
  const work = async (): Promise<void> => {
    isWorking = true;
    while (waiting.length > 0) {
      for (const job of waiting.splice(0, JOBS_PER_TURN)) job();
      await breath();
    }
    isWorking = false;
  };
  return (job) => {
    waiting.push(job);
    if (!isWorking) void work();
  };
}

/** Requests a second that count as a crowd. */
const CROWD = 100;
/** How long requests of a crowd wait for each other, in milliseconds. */
const TOGETHER_MS = 20;

/**
 * Returns a function to call for each request: it gives what to wait for, if anything. Below 100 requests a second they
 * go on at once; above, several go on together.
 *
 * A processor with other work, woken for every single request, finds its caches cold each time: requests that are
 * answered four at a time take a third less.
 *
 * @param clock milliseconds that never go back
 */
export function gathered(clock: () => number = () => performance.now()): () => Promise<void> | undefined {
  let [second, before, now] = [0, 0, 0];
  let next: Promise<void> | undefined;
  return () => {
    const current = Math.floor(clock() / 1000);
    if (current !== second) [second, before, now] = [current, current === second + 1 ? now : 0, 0];
    now++;
    if (Math.max(before, now) < CROWD) return undefined;
    next ??= new Promise((resolve) => {
      setTimeout(() => {
        next = undefined;
        resolve();
      }, TOGETHER_MS);
    });
    return next;
  };
}

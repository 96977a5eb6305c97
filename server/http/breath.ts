/**
 * Long work in small parts, so that others have their turn of the event loop.
 *
 * @module
 */

/** How long work goes on at a stretch, in milliseconds. */
export const BREATHE = 10;

/** A turn for everybody else. (A timer would wait a millisecond, which adds up where there is nobody else.) */
export function breath(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}

/** Jobs that are done at once before others have their turn. */
const AT_ONCE = 16;

/** Does many small jobs, some at a time: a crowd that is told of something holds up nobody else for long. */
export function turns(): (job: () => void) => void {
  const waiting: (() => void)[] = [];
  let isGoing = false;
  const go = async (): Promise<void> => {
    isGoing = true;
    while (waiting.length > 0) {
      for (const job of waiting.splice(0, AT_ONCE)) job();
      await breath();
    }
    isGoing = false;
  };
  return (job) => {
    waiting.push(job);
    if (!isGoing) void go();
  };
}

/** From so many arrivals a second on they count as a crowd. */
const CROWD = 100;
/** How long those of a crowd wait for each other, in milliseconds. */
const TOGETHER = 20;

/**
 * Lets what arrives go on at once, and in a crowd several together: tells each what to wait for, if anything.
 *
 * Woken for every request by itself, a processor that has other work finds its caches cold each time: answered four at a
 * time, requests took it a third less.
 */
export function gathered(): () => Promise<void> | undefined {
  let [second, before, now] = [0, 0, 0];
  let next: Promise<void> | undefined;
  return () => {
    const current = Math.floor(performance.now() / 1000);
    if (current !== second) [second, before, now] = [current, current === second + 1 ? now : 0, 0];
    now++;
    if (Math.max(before, now) < CROWD) return undefined;
    next ??= new Promise((resolve) => {
      setTimeout(() => {
        next = undefined;
        resolve();
      }, TOGETHER);
    });
    return next;
  };
}

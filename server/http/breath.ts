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

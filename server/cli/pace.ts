/**
 * How fast a stage gets on, and how long it still takes.
 *
 * @module
 */

/** Rate and time left; undefined before there is anything to tell them from. */
export interface Pace {
  /** Steps a second. */
  readonly rate: number | undefined;
  /** Seconds. */
  readonly left: number | undefined;
}

/** What lies further back does not count, so that a slow start is forgotten. */
const WINDOW_SECONDS = 20;

/**
 * Watches a stage of so many steps.
 * @returns a function to call with each step reached
 */
export function watchPace(
  steps: number,
  now: () => number = () => performance.now() / 1000,
): (step: number) => Pace {
  const seen = [{ step: 0, at: now() }];
  return (step) => {
    const at = now();
    seen.push({ step, at });
    while (seen.length > 2 && seen[0]!.at < at - WINDOW_SECONDS) seen.shift();
    const first = seen[0]!;
    const rate = at > first.at && step > first.step ? (step - first.step) / (at - first.at) : undefined;
    return { rate, left: rate === undefined ? undefined : (steps - step) / rate };
  };
}

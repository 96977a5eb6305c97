/**
 * How fast a stage makes steps.
 *
 * @module
 */

/** The pace of a stage. */
export interface Pace<Time> {
  /** Takes in that the stage reached a step, no earlier than the steps before. */
  reach(step: number, time: Time): void;
  /** Steps a second over the last twenty seconds; undefined before two reports differ in step and time. */
  rate(): number | undefined;
  /** Seconds that the stage still takes at this rate; undefined where there is no rate. */
  left(steps: number): number | undefined;
}

/** How times are written. */
export interface TimeFormat<Time> {
  readonly seconds: (time: Time) => number;
  /** The same for times within a tenth of a second. It is asked of every report, `seconds` of few: parsing is slow. */
  readonly tenth: (time: Time) => unknown;
}

/** Times in seconds. */
export const SECONDS: TimeFormat<number> = {
  seconds: (time) => time,
  tenth: (time) => Math.floor(10 * time),
};

/** Times as ISO 8601 with milliseconds, `2026-01-01T00:00:00.000Z`. */
export const ISO_TIME: TimeFormat<string> = {
  seconds: (time) => Date.parse(time) / 1000,
  tenth: (time) => time.slice(0, "2026-01-01T00:00:00.0".length),
};

/** Reports further back do not count, so that a slow start is forgotten. */
const WINDOW_SECONDS = 20;
/** Reports that are kept. One of each tenth of a second, they fill more than the window. */
const MOST_REPORTS = 256;

/** The pace of a stage that has not begun. */
export function newPace<Time>({ seconds, tenth }: TimeFormat<Time>): Pace<Time> {
  const steps: number[] = [];
  const times: Time[] = [];
  let last: unknown;

  /** Index of the first report within the window, but no later than the last but one. */
  const first = (): number => {
    const start = seconds(times.at(-1)!) - WINDOW_SECONDS;
    let low = 0;
    for (let high = times.length - 2; low < high; ) {
      const middle = (low + high) >> 1;
      if (seconds(times[middle]!) >= start) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  const rate = (): number | undefined => {
    if (times.length < 2) return undefined;
    const from = first();
    const took = seconds(times.at(-1)!) - seconds(times[from]!);
    const made = steps.at(-1)! - steps[from]!;
    return took > 0 && made > 0 ? made / took : undefined;
  };

  return {
    reach(step, time) {
      const now = tenth(time);
      if (now === last && times.length > 1) {
        steps.pop();
        times.pop();
      }
      last = now;
      steps.push(step);
      times.push(time);
      if (times.length > MOST_REPORTS) {
        steps.shift();
        times.shift();
      }
    },
    rate,
    left(all) {
      const speed = rate();
      return speed === undefined ? undefined : (all - steps.at(-1)!) / speed;
    },
  };
}

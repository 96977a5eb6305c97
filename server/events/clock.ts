/**
 * When the steps of a stage were reached: some hundred of them, so that curves can be drawn over time.
 *
 * @module
 */

/** Steps of a stage, and when each was reached, ISO 8601. */
export interface StageClock {
  readonly stage: string;
  readonly steps: readonly number[];
  readonly times: readonly string[];
}

/** A clock that is told of steps. */
export interface GrowingClock extends StageClock {
  /** A step that was passed before takes back those from it on: the stage is run again. */
  reach(step: number, time: string): void;
}

/** Most steps that are kept. */
const MOST = 512;

/** A clock without steps. */
export function growingClock(stage: string): GrowingClock {
  let [steps, times]: [number[], string[]] = [[], []];
  let stride = 0;
  let latest: readonly [number, string] | undefined;
  return {
    stage,
    get steps() {
      return latest === undefined ? steps : [...steps, latest[0]];
    },
    get times() {
      return latest === undefined ? times : [...times, latest[1]];
    },
    reach(step, time) {
      while (steps.length > 0 && steps.at(-1)! >= step) {
        steps.pop();
        times.pop();
      }
      const last = steps.at(-1);
      if (last !== undefined && step < last + stride) {
        latest = [step, time];
        return;
      }
      latest = undefined;
      steps.push(step);
      times.push(time);
      if (steps.length < MOST) return;
      steps = steps.filter((_, i) => i % 2 === 0);
      times = times.filter((_, i) => i % 2 === 0);
      stride = (steps.at(-1)! - steps[0]!) / (steps.length - 1);
    },
  };
}

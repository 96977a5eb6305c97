/**
 * A number over the steps of a stage, as it grows with a run's events.
 *
 * @module
 */
import { firstAt, type Line } from "./downsample.ts";

/** A number over the steps of a stage. */
export interface Curve {
  readonly stage: string;
  readonly metric: string;
  /** Its points so far; it may be read until the next event is added. */
  line(): Line;
}

/** A curve that points are added to. */
export interface GrowingCurve extends Curve {
  /** Memory it takes. */
  readonly bytes: number;
  /** Adds a point. A step that was passed before discards the points from that step on: the stage is run again. */
  add(step: number, value: number): void;
}

/** Room for points at first; it doubles when it is full. */
const CAPACITY = 256;

/** A curve without points. */
export function growingCurve(stage: string, metric: string): GrowingCurve {
  let [x, y] = [new Float64Array(CAPACITY), new Float64Array(CAPACITY)];
  let length = 0;
  return {
    stage,
    metric,
    get bytes() {
      return 2 * x.byteLength;
    },
    line: () => ({ x: x.subarray(0, length), y: y.subarray(0, length) }),
    add(step, value) {
      if (length > 0 && step <= x[length - 1]!) length = firstAt(x.subarray(0, length), step);
      if (length === x.length) [x, y] = [doubled(x), doubled(y)];
      x[length] = step;
      y[length] = value;
      length++;
    },
  };
}

function doubled(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}

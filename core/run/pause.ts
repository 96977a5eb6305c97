/**
 * Where a run pauses, so that somebody can decide whether it is worth going on.
 *
 * @module
 */
import type { Readings, RunEvent } from "./event.ts";
import { valueNamed } from "./metric-name.ts";

/** A place on the way of a run: it pauses once it has reported progress of this step, or of a later one. */
export interface PausePoint {
  /** A step of a stage, from 1. */
  readonly step: number;
  /** Only a report that has this number counts; any does unless given. */
  readonly metric?: string;
}

/** Why a run's signal is aborted that pauses: its session ends as `paused`. */
export class RunPaused extends Error {
  override readonly name = "RunPaused";
}

/** Whether a run that has emitted this event has come to a point at which it pauses. */
export function isPause(event: RunEvent, { step, metric }: PausePoint): boolean {
  if (event.type !== "progress" || event.step < step) return false;
  return metric === undefined || valueNamed(event.values ?? {}, metric) !== undefined;
}

/**
 * What a run had reported when it came to the point: the newest numbers of that stage, by name.
 * @param events those of the run, in order
 * @returns undefined where it has not come there yet
 */
export function numbersAt(events: readonly RunEvent[], point: PausePoint): Readings | undefined {
  const end = events.findIndex((event) => isPause(event, point));
  const last = events[end];
  if (last?.type !== "progress") return undefined;
  const reports = events
    .slice(0, end + 1)
    .flatMap((event) => (event.type === "progress" && event.stage === last.stage ? [event.values] : []));
  return Object.assign({}, ...reports);
}

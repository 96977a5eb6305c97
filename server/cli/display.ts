/**
 * Showing a run as it goes: one event after another. How it ended is told by the summary.
 *
 * @module
 */
import type { RunEvent } from "../../core/run/event.ts";

/** Shows events. */
export interface Display {
  show(event: RunEvent): void;
  /** Called once, after the last event or where there will be none: leaves the screen as it should be. */
  end(): void;
}

/** Each event as one line of JSON. @param run the id of the run, which each line has: those of several may be in one stream */
export function jsonDisplay(write: (text: string) => void, run: () => string): Display {
  return { show: (event) => write(`${JSON.stringify({ ...event, run: run() })}\n`), end: () => {} };
}

/** Nothing. */
export function noDisplay(): Display {
  return { show: () => {}, end: () => {} };
}

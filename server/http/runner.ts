/**
 * What starts, stops and resumes runs for the HTTP app. A host that has none serves reading alone.
 *
 * @module
 */

import type { RunOwner } from "../../core/run/store.ts";
import type { Override } from "../../core/scenario/override.ts";

/** A scenario to be run. */
export interface RunOrder {
  /** The document, YAML or JSON. */
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Where its relative paths start. */
  readonly base: string;
  readonly overrides: readonly Override[];
}

/** How far an order has come: it waits for its turn, it runs, it is over, or it could not be begun. */
export type JobState = "queued" | "running" | "ended" | "failed";

/** An order that was taken. */
export interface Job {
  readonly ticket: string;
  readonly state: JobState;
  /** What is to be run: a scenario's name, or the run that is resumed. */
  readonly title: string;
  /** Orders before it that wait. */
  readonly ahead: number;
  /** The run's id, once there is one. */
  readonly run?: string;
  /** Why it failed. */
  readonly error?: string;
}

/** There is no room for another order now. */
export class Busy extends Error {
  override readonly name = "Busy";
  /** Seconds after which it is worth trying again. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Runs what is ordered, so many at once, and keeps the others waiting, so many at most. */
export interface Runner {
  /**
   * Takes an order.
   * @returns once it runs, fails, or is known to have to wait
   * @throws InputError for a scenario that cannot be run, {@link Busy} where the queue is full
   */
  start(order: RunOrder): Promise<Job>;
  /** Goes on with a run. @throws as {@link start} does; InputError where there is nothing to go on with */
  resume(run: string): Promise<Job>;
  /**
   * Stops a run after a checkpoint, or lets a waiting order go.
   * @param owner the process that writes the run, where it was not ordered here
   * @returns whether it could be stopped from here
   */
  cancel(runOrTicket: string, owner?: RunOwner): boolean;
  /** Orders that wait or run, and some of those that are over, oldest first. */
  jobs(): readonly Job[];
}

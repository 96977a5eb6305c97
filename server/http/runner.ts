/**
 * Runners start, stop and resume runs for the HTTP server. A host without a runner only shows runs.
 *
 * @module
 */
import type { RunOwner } from "../../core/run/store.ts";
import type { Override } from "../../core/scenario/override.ts";
import type { Job } from "./answers.ts";

export type { Job };

/** An order to run a scenario. */
export interface RunOrder {
  /** The document, YAML or JSON. */
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Base URL of its relative paths. */
  readonly base: string;
  /** Used where the scenario has no name. */
  readonly name: string;
  readonly overrides: readonly Override[];
  /**
   * Plugins, files and URLs that it may name: a runner refuses any other, see `loadScenario`, and its trainers do. An entry
   * that ends in `/` is a prefix.
   */
  readonly allow: readonly string[];
}

/** A runner throws this where it has no room for another order. */
export class Busy extends Error {
  override readonly name = "Busy";
  /** Seconds after which to try again. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Runs orders, a few at once, and keeps some more waiting. */
export interface Runner {
  /**
   * Takes an order.
   * @returns the order, once it runs, fails, or has to wait
   * @throws InputError for a scenario that cannot be run, NotAllowed for one that names what it may not, {@link Busy} where the queue is full
   */
  start(order: RunOrder): Promise<Job>;
  /** Resumes a run. @throws as {@link start} does; InputError where there is nothing to resume */
  resume(run: string): Promise<Job>;
  /**
   * Stops a run after a checkpoint, or withdraws a waiting order.
   * @param owner the process that writes the run, where it was not ordered here
   * @returns whether the run could be stopped from here
   */
  cancel(runOrTicket: string, owner?: RunOwner): boolean;
  /** Orders that wait or run, and the latest that are over, oldest first. */
  jobs(): readonly Job[];
}

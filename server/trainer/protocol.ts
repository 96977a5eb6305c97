/**
 * What a trainer and whoever watches it say to each other.
 *
 * @module
 */

import type { Problem, RunEvent } from "../../core/mod.ts";
import type { Override } from "../../core/scenario/override.ts";

/** A scenario to run. */
export interface ScenarioRequest {
  /** The scenario document, YAML or JSON. */
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Where its relative paths start: a URL. */
  readonly base: string;
  /** Used where the scenario has no name. */
  readonly name?: string;
  readonly overrides?: readonly Override[];
}

/** What a trainer is to do. */
export type TrainerRequest = {
  /** Folder of the runs. */
  readonly runs: string;
  /** Kept with a run that begins, beside what is known of the machine: the command, who asked for it. */
  readonly about?: Readonly<Record<string, unknown>>;
} & ({ readonly scenario: ScenarioRequest } | { readonly resume: string });

/**
 * What a trainer does when the process that watches it is gone: run to its end, or write a checkpoint and stop, so
 * that the run can be resumed.
 */
export type WhenAlone = "finish" | "stop";

/** From the watcher to the trainer. */
export type ToTrainer =
  | { readonly kind: "start"; readonly request: TrainerRequest; readonly whenAlone: WhenAlone }
  /** So many events have been taken in: as many more may come. */
  | { readonly kind: "taken"; readonly events: number }
  | { readonly kind: "cancel"; readonly reason: string };

/** From the trainer to the watcher. */
export type FromTrainer =
  /** Its run is there, to be written by this process alone. */
  | { readonly kind: "run"; readonly id: string }
  | { readonly kind: "event"; readonly event: RunEvent }
  /** All is kept; the process ends. */
  | { readonly kind: "done" }
  /** No run was begun, or its end could not be kept. */
  | { readonly kind: "error"; readonly error: SentError };

/** An error on its way between processes. */
export interface SentError {
  readonly isInput: boolean;
  readonly message: string;
  /** Of an InputError. */
  readonly problems?: readonly Problem[];
  readonly file?: string | undefined;
}

/** Events that may be under way before the trainer waits. */
export const WINDOW = 256;

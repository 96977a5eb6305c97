/**
 * What a trainer and whoever watches it say to each other.
 *
 * @module
 */

import type { AllowList, EngineInfo, Origins, PausePoint, Problem, RunEvent } from "../../core/mod.ts";
import type { Override } from "../../core/scenario/override.ts";

/** A scenario to run. */
export interface ScenarioRequest {
  /** The scenario document, YAML or JSON. */
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Where its relative paths start: a URL. */
  readonly base: string;
  /** Where its parts come from, where it was put together of several files. */
  readonly origins?: Origins | undefined;
  /** Used where the scenario has no name. */
  readonly name?: string;
  readonly overrides?: readonly Override[];
  /** Plugins and places that it may name, of a scenario that came from outside; all of them unless given. */
  readonly allow?: AllowList;
}

/** What a trainer runs. */
export type TrainerRequest = {
  /** Where the runs are kept, see `storeAt`. */
  readonly runs: string;
  /** Plugins that bring a store, from the working directory. */
  readonly storePlugins?: readonly string[] | undefined;
  /** Stored with a new run, beside what is known of the machine: the command, who asked for it. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** Where the run pauses: it writes a checkpoint there, and ends its session as one that was cancelled. */
  readonly until?: PausePoint;
} & (
  | {
      readonly scenario: ScenarioRequest;
      readonly id?: string;
      /** Goes on with a run of that id where there is one, rather than throw. */
      readonly mayExist?: boolean;
    }
  | { readonly resume: string }
);

/**
 * What a trainer does when the process that watches it is gone: finish its run, or write a checkpoint and stop, so that
 * the run can be resumed.
 */
export type WhenAlone = "finish" | "stop";

/** From the watcher to the trainer. */
export type ToTrainer =
  /** To find out what `engine: auto` takes here, and train nothing. */
  | { readonly kind: "probe" }
  /** To check a request, and run nothing; others may follow. */
  | {
      readonly kind: "check";
      readonly request: TrainerRequest;
      /** The largest size that its scenario may have, see `requireSize`. */
      readonly size?: number | undefined;
    }
  | {
      readonly kind: "start";
      readonly request: TrainerRequest;
      readonly whenAlone: WhenAlone;
      /** Number of the watcher's process. */
      readonly watcher: number;
      /** Seconds that it has to stop once it is alone. */
      readonly grace: number;
      /** Megabytes that it may take. */
      readonly memory?: number;
    }
  /** The watcher has taken in so many events, and has room for as many more. */
  | { readonly kind: "taken"; readonly events: number }
  | { readonly kind: "cancel"; readonly reason: string };

/** From the trainer to the watcher. */
export type FromTrainer =
  /** The answer to `probe`; the process exits. */
  | { readonly kind: "engine"; readonly engine: EngineInfo }
  /** The check begins: from now on the process hears of nothing. */
  | { readonly kind: "checking" }
  /** The request can be run: name of its scenario, or id of its run. */
  | { readonly kind: "checked"; readonly title: string }
  /** It cannot. */
  | { readonly kind: "refused"; readonly error: SentError }
  /** The run exists, and this process alone may write it: as the writer of that number. */
  | { readonly kind: "run"; readonly id: string; readonly epoch: number }
  | { readonly kind: "event"; readonly event: RunEvent }
  /** The run's end is stored; the process exits. */
  | { readonly kind: "done" }
  /** No run was started, or its end could not be stored. */
  | { readonly kind: "error"; readonly error: SentError }
  /** An error that nothing caught; the run has not ended, and its process does. */
  | { readonly kind: "crashed"; readonly error: SentError };

/** An error on its way between processes. */
export interface SentError {
  readonly isInput: boolean;
  /** Whether it is a RunLost. */
  readonly isLost?: boolean;
  readonly message: string;
  /** Where it was thrown, with the stacks of its causes. */
  readonly stack?: string;
  /** Whether it is a NotAllowed. */
  readonly isRefused?: boolean;
  /** Of an InputError. */
  readonly problems?: readonly Problem[];
  readonly file?: string | undefined;
  readonly mayPass?: boolean;
}

/** The trainer waits once so many events are sent that the watcher has not taken in. */
export const WINDOW = 256;

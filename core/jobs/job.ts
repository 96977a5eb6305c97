/**
 * Jobs: runs to be made by whichever worker is free.
 *
 * @module
 */
import type { Readings } from "../run/event.ts";
import type { PausePoint } from "../run/pause.ts";
import type { AllowList } from "../scenario/allow.ts";
import type { Override } from "../scenario/override.ts";

/** A scenario to run, as text: whoever takes the job resolves it anew. */
export interface ScenarioTask {
  /** The scenario document, YAML or JSON. */
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Where its relative paths start: a URL. Workers of other machines need the same files there. */
  readonly base: string;
  /** Used where the scenario has no name. */
  readonly name?: string;
  readonly overrides?: readonly Override[];
  /** Plugins and places that it may name, of a scenario that came from outside; all of them unless given. */
  readonly allow?: AllowList;
}

/**
 * What a job asks for: a run of a scenario, or to go on with one that is there. Runs are made in the store that the
 * workers of the queue were given. A run whose id the job tells is begun once: whoever takes the job again goes on with
 * it, and returns its result where it has one.
 */
export type JobTask = (
  | {
      readonly scenario: ScenarioTask;
      /** Id of the run, see `isRunId`; the store makes one up for each attempt unless given. */
      readonly run?: string;
    }
  | { readonly resume: string }
) & {
  /** Where the run pauses: the job is over then, and a later one may go on with the run. To its end unless given. */
  readonly until?: PausePoint;
};

/** A run to be made. JSON can hold it. */
export interface Job {
  /** Of the form of a run's id. */
  readonly id: string;
  readonly task: JobTask;
  /** What belongs together has one group, such as a sweep. */
  readonly group?: string;
  /** The highest goes first; of equal ones, the one that was put first. An integer, 0 unless given. */
  readonly priority?: number;
  /** How often it is taken up again after an attempt was lost. An integer from 0; {@link RETRIES} unless given. */
  readonly retries?: number;
  /**
   * Whole seconds, at least, before it is taken up again; about twice as many after each further attempt that was lost,
   * up to {@link LONGEST_BACKOFF}. From 1; 1 unless given.
   */
  readonly backoff?: number;
}

/** See {@link Job.retries}. */
export const RETRIES = 3;
/** Seconds, see {@link Job.backoff}. */
export const LONGEST_BACKOFF = 300;
/** Seconds, at least, until a job is taken up again whose run another process writes. */
export const HELD_SECONDS = 2;

/**
 * How a job came to its end. `ended`: its run has ended, with these metrics; `paused`: the run has come to where it
 * pauses, and had reported these numbers by then; `failed`: the run failed or could not begin, or was lost more often
 * than the job allows; `cancelled`: somebody has cancelled the job.
 */
export type JobEnd =
  | {
      readonly kind: "ended";
      readonly run: string;
      /** Whether the run met every expectation. */
      readonly status: "passed" | "missed";
      readonly metrics: Readings;
    }
  | { readonly kind: "paused"; readonly run: string; readonly metrics: Readings }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** Absent where there is none. */
      readonly run?: string;
    }
  | { readonly kind: "cancelled"; readonly run?: string };

/** What an attempt at a job came to: its outcome, or that it was lost: a process died, a machine went away. */
export type AttemptEnd =
  | JobEnd
  | {
      readonly kind: "lost";
      readonly message: string;
      readonly run?: string;
      /** Another process writes the run, or its store is away: the job waits, at no cost. */
      readonly isBlocked?: boolean;
    };

/** A job as its queue knows it. */
export interface QueuedJob {
  readonly job: Job;
  readonly state: "waiting" | "running" | "over";
  /** How often it was taken up so far. */
  readonly attempt: number;
  /** Id of the worker that is at it. */
  readonly worker?: string;
  /** Why the last attempt came to nothing, while the job waits for the next. */
  readonly trouble?: string;
  /** Once it is over. */
  readonly outcome?: JobEnd;
}

/** Why a worker is to stop with a job that it has not ended. The reason of the signal that its handler is given. */
export class JobStopped extends Error {
  override readonly name = "JobStopped";
  /**
   * `cancelled`: somebody has cancelled the job; `lost`: the worker was silent for so long that the job is another's;
   * `returned`: the worker stops, and gives its jobs back.
   */
  readonly why: "cancelled" | "lost" | "returned";

  constructor(why: JobStopped["why"], message: string) {
    super(message);
    this.why = why;
  }
}

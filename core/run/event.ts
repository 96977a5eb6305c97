/**
 * Events: what a run reports while it goes. They are JSON, numbered from 1 in each run, and hold no tensors.
 *
 * @module
 */
import type { EngineInfo } from "./engine.ts";
import type { ExpectationResult } from "./expectation.ts";
import type { Reading, Readings } from "./reading.ts";

export * from "./reading.ts";

/** What is wrong with a training. */
export interface Alarm {
  readonly kind: "notFinite" | "collapse" | "runaway";
  /** The step at which it was noticed, from 1. */
  readonly step: number;
  /** The numbers at fault. */
  readonly values: Readings;
  readonly message: string;
  readonly action: "stop" | "warn";
}

/**
 * How a session of a run ended: it met every expectation, missed one, failed with an error, was stopped from outside, or
 * has come to where somebody had it pause.
 */
export type RunStatus = "passed" | "missed" | "failed" | "cancelled" | "paused";

/** What each type of event carries. @typeParam N its numbers */
export interface EventTypes<N extends Reading = Reading> {
  /** First event of every run. */
  started: {
    readonly run: string;
    readonly scenario: string;
    readonly application: string;
    readonly seed: number;
    readonly engine: EngineInfo;
    /** Where the run is kept. */
    readonly location: string;
  };
  /** The application begins a new stage, of `steps` steps where that is known. */
  stage: { readonly stage: string; readonly steps?: number };
  /** A step of a stage, with its losses or other numbers. */
  progress: {
    readonly stage: string;
    readonly step: number;
    readonly steps: number;
    readonly values?: Readonly<Record<string, N>>;
  };
  /** A file was written, `path` relative to the run. */
  artifact: {
    readonly path: string;
    readonly title: string;
    readonly bytes: number;
    /** SHA-256 of the file, in hexadecimal digits. */
    readonly sha256: string;
  };
  /** Results, which the scenario's expectations bound. */
  metrics: { readonly values: Readonly<Record<string, N>> };
  /** The user should know of something that does not end the run. */
  warning: { readonly message: string };
  /** Whether the run meets one of the scenario's expectations. */
  expectation: ExpectationResult;
  /** A training goes wrong: see `core/run/sentinel.ts`. */
  sentinel: Alarm;
  /** A checkpoint was written, `path` relative to the run. */
  checkpoint: { readonly path: string; readonly bytes: number };
  /** A new session resumes the run after an interruption. */
  resumed: {
    /** The checkpoint that it resumes from; null where there was none, so that it starts over. */
    readonly from: string | null;
    readonly engine: EngineInfo;
    /** What may change the results, and files that were found damaged: a sentence each. */
    readonly notes: readonly string[];
  };
  /**
   * Of a sweep, whose log is kept as that of a run: a job was put, or is over. `core/sweep/jobs.ts` says what else they
   * have.
   */
  job: {
    readonly job: { readonly id: string; readonly run: string };
    readonly outcome?: { readonly kind: string };
  };
  /** Last event of every session, and so of the run. */
  ended: { readonly status: RunStatus; readonly seconds: number; readonly error?: string };
}

/** The types of event that applications yield. The others are the run's own. */
export type ApplicationEventType = "stage" | "progress" | "artifact" | "metrics" | "warning" | "sentinel";

/** An event before it is numbered. */
export type EventBody<T extends keyof EventTypes = keyof EventTypes, N extends Reading = Reading> = {
  [K in T]: { readonly type: K } & EventTypes<N>[K];
}[T];

/** What an application may yield: its numbers as they are, NaN and infinities among them. */
export type ApplicationEvent<T extends ApplicationEventType = ApplicationEventType> = EventBody<T, number>;

/** An event of a run. */
export type RunEvent<T extends keyof EventTypes = keyof EventTypes> = EventBody<T> & {
  /** 1 for the first event of the run, then one more each. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly time: string;
};

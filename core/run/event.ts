/**
 * What a run says of itself. Events are JSON, numbered from 1 in each run, and hold no tensors.
 *
 * @module
 */
import type { EngineInfo } from "./engine.ts";
import type { ExpectationResult } from "./expectation.ts";

/** Numbers by name. */
export type Numbers = Readonly<Record<string, number>>;

/** What went wrong with a training. */
export interface Alarm {
  readonly kind: "notFinite" | "collapse" | "runaway";
  /** The step at which it was noticed, from 1. */
  readonly step: number;
  /** The numbers at fault; those that are not finite as text, since JSON has none. */
  readonly values: Readonly<Record<string, number | string>>;
  readonly message: string;
  readonly action: "stop" | "warn";
}

/** How a run ended: every expectation met, one missed, broken, or stopped from outside. */
export type RunStatus = "passed" | "missed" | "failed" | "cancelled";

/** What each type of event carries. */
export interface EventTypes {
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
  /** The application has begun something new; `steps` in all, where that is known. */
  stage: { readonly stage: string; readonly steps?: number };
  /** So far in a stage, with the losses or other numbers of that step. */
  progress: {
    readonly stage: string;
    readonly step: number;
    readonly steps: number;
    readonly values?: Numbers;
  };
  /** A file was kept, `path` relative to the run. */
  artifact: {
    readonly path: string;
    readonly title: string;
    readonly bytes: number;
    /** SHA-256 of the file, in hexadecimal digits. */
    readonly sha256: string;
  };
  /** Final numbers, against which expectations are held. */
  metrics: { readonly values: Numbers };
  /** Something a user should know that does not end the run. */
  warning: { readonly message: string };
  /** One expectation, held against what was measured. */
  expectation: ExpectationResult;
  /** Something is wrong with a training: see `core/run/sentinel.ts`. */
  sentinel: Alarm;
  /** All that determines the run's future was written down, `path` relative to the run. */
  checkpoint: { readonly path: string; readonly bytes: number };
  /** The run was taken up again after it had been interrupted. */
  resumed: {
    /** The checkpoint that it goes on from; null where there was none: it begins again. */
    readonly from: string | null;
    readonly engine: EngineInfo;
    /** What may make it come out differently, or was found damaged. */
    readonly notes: readonly string[];
  };
  /** Last event of every run, unless it is taken up again. */
  ended: { readonly status: RunStatus; readonly seconds: number; readonly error?: string };
}

/** An event before it is numbered. */
export type EventBody<T extends keyof EventTypes = keyof EventTypes> = {
  [K in T]: { readonly type: K } & EventTypes[K];
}[T];

/** An event of a run. */
export type RunEvent<T extends keyof EventTypes = keyof EventTypes> = EventBody<T> & {
  /** 1 for the first event of the run, then one more each. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly time: string;
};

const OF_THE_RUN: ReadonlySet<keyof EventTypes> = new Set([
  "started",
  "resumed",
  "checkpoint",
  "expectation",
  "ended",
]);

/** Whether an event is the application's own: those are the same in each sitting of a run. */
export function isOfApplication({ type }: { readonly type: keyof EventTypes }): boolean {
  return !OF_THE_RUN.has(type);
}

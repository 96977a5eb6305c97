/**
 * Scorers: how abnormal a row is, learnt from normal rows alone. A scorer says what is trained. The application draws and
 * holds out rows, keeps state, and judges the scores, so that all scorers are compared on the same rows.
 *
 * @module
 */
import {
  type ApplicationEvent,
  contract,
  type EventBody,
  type FiniteDataset,
  type Key,
  type Network,
  type NetworkPlan,
  type Painter,
  type RunState,
  type SentinelPolicy,
} from "../../core/mod.ts";

/** What a scorer learns from. */
export interface ScorerProblem {
  /** Normal rows, and no others; their labels, if they have any, mean nothing. */
  readonly rows: FiniteDataset;
  /** Root of the scorer's randomness. */
  readonly key: Key;
  /** The run's. Stages that take long belong in a `once` of it. */
  readonly state: RunState;
  /** What to do where a training goes wrong. */
  readonly sentinels: SentinelPolicy;
  /**
   * Builds a network that scores, `[n, ...rows.shape]` to `[n, 1]`, and keeps it with the run under this name: one called
   * `scorer`, others for comparison. All of them have the same first weights. The application disposes them.
   */
  build<N extends Network>(name: string, plan: NetworkPlan<N>): N;
  /** Builds any other network that lives as long as the run, such as a generator. The application disposes it. */
  readonly network: RunState["network"];
  /** Draws pictures; absent on hosts without one. */
  readonly painter?: Painter | undefined;
  /** Writes a file into the run. @returns the event to yield */
  artifact(path: string, title: string, data: Uint8Array): Promise<EventBody<"artifact">>;
}

/** What a scorer has learnt. */
export interface Learnt {
  /** Built as `scorer`. The higher its output, the more abnormal the row. */
  readonly scorer: Network;
  /** Others to compare it with, by the names that they were built under: what does a part of the method add? */
  readonly controls?: Readonly<Record<string, Network>>;
}

/** A way to score rows. */
export interface Scorer {
  readonly name: string;
  /**
   * Learns from normal rows.
   * @yields stages, progress, pictures
   * @throws InputError where its options do not suit the rows
   */
  learn(problem: ScorerProblem): AsyncGenerator<ApplicationEvent, Learnt>;
}

/** The contract under which scorers are registered. */
export const Scorers = contract<Scorer>(
  "scorer",
  "Scores how abnormal a row is, learnt from normal rows alone",
);

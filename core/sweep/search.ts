/**
 * Searches: which settings a sweep tries, and which of its trials go on.
 *
 * @module
 */
import { type Contract, contract } from "../plugin/contract.ts";
import type { Key } from "../tensor/key.ts";
import type { Settings, Space } from "./space.ts";

/** What a sweep is to find. */
export interface Goal {
  readonly metric: string;
  readonly direction: "maximize" | "minimize";
}

/** What a search works on. */
export interface SearchTask {
  readonly space: Space;
  /** Absent: the sweep asks for a table, and for no best trial. */
  readonly goal?: Goal | undefined;
}

/**
 * How a trial stands. `paused`: all its runs wait at its rung; `ended`: all have ended; `failed`: one of them has;
 * `stopped`: the search has given it up, or somebody has cancelled it.
 */
export type TrialState = "running" | "paused" | "ended" | "failed" | "stopped";

/** Settings that were tried, or are. */
export interface Trial {
  /** A function of the sweep and the settings. */
  readonly id: string;
  readonly settings: Settings;
  readonly state: TrialState;
  /** The rung that it runs to or waits at, from 0; the number of rungs where it runs to its end. */
  readonly rung: number;
  /** The goal at each rung that it has reached, and last at its end: means over all seeds. None without a goal. */
  readonly scores: readonly number[];
}

/** What is known when a search is asked. */
export interface SearchHistory extends SearchTask {
  /** In the order in which they began. */
  readonly trials: readonly Trial[];
}

/** What a search decides: to try settings, to let a paused trial go on to its next rung, or to give one up. */
export type Move = { readonly start: Settings } | { readonly promote: string } | { readonly stop: string };

/**
 * Chooses what a sweep tries. A search keeps nothing between two questions: the same history and key give the same
 * answer, so that a controller that crashed asks again and goes on as before.
 */
export interface Search {
  readonly name: string;
  /** Root of its randomness; 0 unless given. */
  readonly seed?: number;
  /** Steps at which every trial pauses until it is promoted, rising. Without them trials run to their end. */
  readonly rungs?: readonly number[];
  /** Whether what it tries depends on scores: then nobody can tell beforehand which settings it will try. */
  readonly learns?: boolean;
  /** Throws an InputError where the search cannot work on such a task, with what to do instead. */
  check?(task: SearchTask): void;
  /**
   * Decides on one move, whenever there is room for another trial.
   * @returns undefined where nothing is to be done until a trial ends or pauses; where none runs, the search is over
   */
  next(history: SearchHistory, key: Key): Move | undefined | Promise<Move | undefined>;
  /** Lets go of what it has opened, such as a process. It may be asked again after. */
  close?(): void | Promise<void>;
}

/** The contract under which searches are registered. */
export const Searches: Contract<Search> = contract("search", "Chooses which settings a sweep tries");

/** Whether one score is better than another. One that is not finite is worse than any that is. */
export function isBetter(goal: Goal, one: number, other: number): boolean {
  return costOf(goal, one) < costOf(goal, other);
}

/** A score as something to be made small. */
function costOf({ direction }: Goal, score: number): number {
  if (!Number.isFinite(score)) return Number.POSITIVE_INFINITY;
  return direction === "maximize" ? -score : score;
}

/** Orders scores, the best first. */
function byCost(goal: Goal, one: number, other: number): number {
  return isBetter(goal, one, other) ? -1 : isBetter(goal, other, one) ? 1 : 0;
}

/** Trials that have a score at a rung, the best first; of equal ones, the one that began first. */
export function ranked(trials: readonly Trial[], rung: number, goal: Goal): readonly Trial[] {
  return trials
    .filter(({ scores }) => scores.length > rung)
    .toSorted((a, b) => byCost(goal, a.scores[rung]!, b.scores[rung]!));
}

/** The best of the trials that have ended with a score that is a finite number; undefined where none has. */
export function bestOf(trials: readonly Trial[], goal: Goal): Trial | undefined {
  const ended = trials.filter(({ state, scores }) => state === "ended" && Number.isFinite(scores.at(-1)));
  return ended.toSorted((a, b) => byCost(goal, a.scores.at(-1)!, b.scores.at(-1)!))[0];
}

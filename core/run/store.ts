/**
 * Stores: where runs are kept.
 *
 * @module
 */

import { type Contract, contract } from "../plugin/contract.ts";
import { InputError, type Problem } from "../plugin/errors.ts";
import { fileNameRule, isFileName } from "../plugin/names.ts";
import type { Readings, RunEvent, RunStatus } from "./event.ts";
import type { ExpectationResult } from "./expectation.ts";

/** Why a run failed. */
export interface RunFailure {
  /** Whether the user's input is at fault, or the run broke. */
  readonly kind: "input" | "run";
  readonly message: string;
  /** The same with its place in the scenario, as far as it is known: a problem each. */
  readonly problems?: readonly Problem[];
  /** Where the error was thrown, with the stacks of its causes. */
  readonly stack?: string;
}

/** The result of a run. */
export interface RunResult {
  readonly run: string;
  readonly scenario: string;
  readonly status: RunStatus;
  readonly metrics: Readings;
  readonly expectations: readonly ExpectationResult[];
  /** Wall time. */
  readonly seconds: number;
  /** Why it failed. */
  readonly error?: RunFailure;
}

/** Files that a run has beside its artifacts, by what they hold. */
export const RUN_FILES = {
  /** The scenario with every default filled in. */
  scenario: "scenario.yaml",
  /** Versions, engine, machine. */
  environment: "environment.json",
  /** One event a line, written by `append` alone. */
  events: "events.ndjson",
  /** A {@link RunResult}; there before the event `ended` is. */
  result: "result.json",
} as const;

/**
 * A run being written. Its writer holds a lease, which the store renews while the process lives and is not stopped.
 * Once another writer has taken the run over, each method but a second `close` rejects with a RunLost and changes
 * nothing that readers see.
 */
export interface RunWriter {
  /** Unique in its store. */
  readonly id: string;
  /** Where people find it: a folder, a URL without secrets. */
  readonly location: string;
  /** Number of this writer among those that the run has had, from 1: each has a higher one than those before it. */
  readonly epoch: number;
  /**
   * Aborted, with the RunLost as its reason, once the store knows that the run was taken over: when it next renews the
   * lease, or when a method is refused.
   */
  readonly lost: AbortSignal;
  /**
   * Keeps an event after those before it; resolves when a reader would see it.
   * @throws RunError where it could not be kept; what was kept before stays whole
   */
  append(event: RunEvent): Promise<void>;
  /**
   * Keeps several events as {@link append} would, all or none: quicker than one by one. Absent: one by one it is.
   * @param events at least one, in order
   */
  appendAll?(events: readonly RunEvent[]): Promise<void>;
  /**
   * Keeps a file: a reader sees all of it or none. A file of that name is replaced.
   * @param path relative to the run, see {@link checkRunPath}; not that of the events
   * @throws InputError for such a path, RunError where the file could not be kept
   */
  write(path: string, data: Uint8Array | string): Promise<void>;
  /** Removes a file, where there is one. @throws as {@link write} does */
  remove(path: string): Promise<void>;
  /**
   * Present where the writer keeps what it is given on this machine first, and ships it to where readers are in the
   * background, in order. Its methods then resolve before readers see anything, and a later one may tell what went
   * wrong with an earlier one. The result and the event `ended` are never behind, nor is what came before them.
   * Resolves once readers see all that was given so far.
   * @throws as the methods whose work was behind
   */
  flush?(): Promise<void>;
  /** Gives the lease up: nothing can be appended or written after. Closing twice does nothing. */
  close(): Promise<void>;
}

/** A process that writes a run. */
export interface RunOwner {
  readonly pid: number;
  readonly host: string;
  /** Whether `pid` is a process of this machine that this process can see: a signal sent to it reaches the owner. */
  readonly isHere: boolean;
  /** Of its {@link RunWriter}. */
  readonly epoch: number;
  /** When it took the run. ISO 8601, UTC, by its own clock. */
  readonly since: string;
  /** Until when its lease holds unless it is renewed. ISO 8601, UTC, by the clock of this process. */
  readonly until: string;
}

/** How a run stands: how it ended, that a process is writing it, or that none is although it has not ended. */
export type RunStanding = RunStatus | "running" | "abandoned";

/** What can be told of a run without reading its events. */
export interface RunGlance {
  readonly run: string;
  readonly scenario: string;
  readonly status: RunStanding;
  /** Those of its scenario. */
  readonly tags: readonly string[];
  /** ISO 8601, UTC. */
  readonly began: string;
  /** Wall time, once it has ended. */
  readonly seconds?: number;
}

/** How far the events of a run reach. */
export interface RunExtent {
  /** Another one where the events are no continuation of what they were: the run was removed and made anew. */
  readonly generation: string;
  /** Number of the last event, 0 before the first. */
  readonly last: number;
}

/** A file of a run, to be read in pieces. */
export interface RunFile {
  /** In bytes. */
  readonly size: number;
  /** Another one once the file was replaced by another. */
  readonly version: string;
  /**
   * Its bytes from one place up to another, which is not included: all of them unless given. No piece has more than a
   * megabyte or so.
   * @throws RunError where the file was replaced or removed meanwhile
   */
  pieces(start?: number, end?: number): AsyncIterable<Uint8Array>;
}

/** A run being read. Reading it costs what is asked for, however long the run is. */
export interface RunReader {
  readonly id: string;
  /** Where people find it: that of its writers. */
  readonly location: string;
  /** Where its files lie on this machine, in a store that keeps them in a folder. */
  readonly folder?: string;
  /** Events with a number above `since`, in order, `limit` at most. */
  events(since?: number, limit?: number): Promise<readonly RunEvent[]>;
  /** The same as text, in pieces of about a megabyte: whole lines, an event each, every one ended by a newline. */
  lines(since?: number): AsyncIterable<string>;
  /** How far the events reach by now. */
  extent(): Promise<RunExtent>;
  /**
   * Calls a function soon after events were appended, for as long as the store can tell. It may call without need, and
   * may miss some where a connection is away for a while: look by yourself now and then. Absent: the store cannot tell.
   * @returns ends that
   */
  onAppend?(call: () => void): () => void;
  /**
   * A file of the run.
   * @throws InputError where there is none, or its path is not one inside the run
   */
  read(path: string): Promise<Uint8Array>;
  /** The same file, without holding more of it than a piece. @throws as {@link read} does */
  file(path: string): Promise<RunFile>;
  /** Paths of the files that begin with a prefix, sorted; those still being written are left out. */
  files(prefix: string): Promise<readonly string[]>;
  /** Who is writing the run now, where anybody is: the holder of a lease that has not lapsed. */
  owner(): Promise<RunOwner | undefined>;
  /** What {@link RUN_FILES}.result holds; undefined while the run goes on, or where it ended without a word. */
  result(): Promise<RunResult | undefined>;
}

/** What a run begins with. */
export interface CreateOptions {
  /** Its id, see {@link isRunId}; `<scenario>-` and something unique unless given. */
  readonly id?: string | undefined;
  /** When it began, of a copy: ISO 8601, UTC; now unless given. */
  readonly began?: string | undefined;
}

/** Keeps runs. */
export interface Store {
  readonly name: string;
  /**
   * Begins a run.
   * @throws InputError where runs cannot be written, saying where and why, or where the id cannot be one; RunExists
   *   where there is a run of that id
   */
  create(scenario: string, options?: CreateOptions): Promise<RunWriter>;
  /**
   * Opens a run for going on with it: takes the lease where nobody holds it, where it has lapsed, or where its holder is
   * known to be dead. It may take as long as a lease lasts to find out. An event that a crash left half written is
   * dropped.
   * @param options.gone epoch of a writer whose process the caller knows to have ended: its lease is not waited for
   * @throws InputError where there is no such run, its events are damaged, or another process is writing it (then
   *   with its pid and host)
   */
  resume(id: string, options?: { readonly gone?: number | undefined }): Promise<RunWriter>;
  /** Ids of all runs, newest first. */
  list(): Promise<readonly string[]>;
  /**
   * Tells of a run what needs no reading of its events: quick enough to be asked of thousands.
   * @throws InputError where there is no such run
   */
  glance(id: string): Promise<RunGlance>;
  /** Many glances at once, in the order of the ids, without those of runs that are not there. Absent: one by one. */
  glances?(ids: readonly string[]): Promise<readonly RunGlance[]>;
  /** @throws InputError where there is no such run */
  open(id: string): Promise<RunReader>;
  /**
   * Removes a run with all that it has.
   * @param options.force also where a process is writing it, which then loses it
   * @throws InputError where there is no such run, it cannot be removed, or a process is writing it
   */
  remove(id: string, options?: { readonly force?: boolean | undefined }): Promise<void>;
}

/** The contract under which stores are registered. */
export const Stores: Contract<Store> = contract("store");

/** Runs that are glanced at in one go. */
const AT_ONCE = 500;

/** Glances of many runs, in the order of the ids, without those of runs that are not there (any more). */
export async function* glancesOf(store: Store, ids: readonly string[]): AsyncGenerator<RunGlance> {
  if (store.glances === undefined) {
    for (const id of ids) {
      const glance = await store.glance(id).catch(() => undefined);
      if (glance !== undefined) yield glance;
    }
    return;
  }
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    yield* await store.glances(ids.slice(start, start + AT_ONCE));
  }
}

/**
 * Whether a path stays inside a run: names joined by `/`, none of them empty, `.` or `..`, without backslashes, colons
 * and control characters, which mean something else to some systems.
 */
export function isRunPath(path: string): boolean {
  return !/[\\:\p{Cc}]/u.test(path) && path.split("/").every((name) => !["", ".", ".."].includes(name));
}

/** @throws InputError unless {@link isRunPath} */
export function checkRunPath(path: string): string {
  if (isRunPath(path)) return path;
  throw new InputError(`${JSON.stringify(path)} is not a path inside a run, such as "artifacts/samples.npy"`);
}

/** Longest id of a run, in characters. */
const ID_LENGTH = 200;

/** Whether a text can be the id of a run: the name of a file on every system, and part of a URL as it stands. */
export function isRunId(id: string): boolean {
  return isFileName(id, ID_LENGTH);
}

/** @throws InputError unless {@link isRunId} */
export function checkRunId(id: string): string {
  if (isRunId(id)) return id;
  throw new InputError(`${JSON.stringify(id)} cannot be the id of a run: use ${fileNameRule(ID_LENGTH)}`);
}

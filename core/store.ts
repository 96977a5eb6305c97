/**
 * Stores: where runs are kept.
 *
 * @module
 */
import type { RunEvent } from "./event.ts";
import { type Contract, contract } from "./plugin.ts";
import type { ExpectationResult } from "./scenario.ts";

/** How a run ended: every expectation met, one missed, broken, or stopped from outside. */
export type RunStatus = "passed" | "missed" | "failed" | "cancelled";

/** What a run came to. */
export interface RunResult {
  readonly run: string;
  readonly scenario: string;
  readonly status: RunStatus;
  readonly metrics: Readonly<Record<string, number>>;
  readonly expectations: readonly ExpectationResult[];
  /** Wall time. */
  readonly seconds: number;
  /** Why it failed; `input` tells whether the user's input was at fault or the run broke. */
  readonly error?: { readonly kind: "input" | "run"; readonly message: string };
}

/** A run being written. */
export interface RunWriter {
  /** Unique in its store. */
  readonly id: string;
  /** Where people find it: a folder, a URL. */
  readonly location: string;
  /** Keeps an event; resolves when a reader would see it. */
  append(event: RunEvent): Promise<void>;
  /** Keeps a file, `path` relative to the run and inside it. */
  write(path: string, data: Uint8Array | string): Promise<void>;
  /** Keeps the result: the run is over. */
  close(result: RunResult): Promise<void>;
}

/** A run being read. */
export interface RunReader {
  readonly id: string;
  /** Events with a number above `since`, in order. */
  events(since?: number): Promise<readonly RunEvent[]>;
  /** A file of the run.
   * @throws InputError where there is none */
  read(path: string): Promise<Uint8Array>;
  /** Undefined while the run goes on, or where it ended without a word. */
  result(): Promise<RunResult | undefined>;
}

/** Keeps runs. */
export interface Store {
  readonly name: string;
  /** @throws InputError where runs cannot be written, saying where and why */
  create(scenario: string): Promise<RunWriter>;
  /** Ids of all runs, newest first. */
  list(): Promise<readonly string[]>;
  /** @throws InputError where there is no such run */
  open(id: string): Promise<RunReader>;
}

/** The contract under which stores are registered. */
export const Stores: Contract<Store> = contract("store");

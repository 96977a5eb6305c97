/**
 * The log of a run while it is written: it numbers events, dates them, stores them, and then shows them.
 *
 * @module
 */
import type { EventBody, RunEvent } from "../run/event.ts";
import type { RunWriter } from "../run/store.ts";
import { Key } from "../tensor/key.ts";

/** The log of a run that is being written. */
export interface RunLog {
  /** Appends an event. Resolves once it is stored and shown. */
  emit(body: EventBody): Promise<void>;
  /** How many events the log has, and a hash of them: checkpoints keep both. */
  extent(): { readonly lines: number; readonly hash: string };
}

/**
 * Opens the log of a run.
 * @param past the events that it has
 * @param show called with each event once it is stored
 * @param known the hash of the events that it has, see {@link hashesAt}, where somebody has made it already
 */
export function openLog(
  writer: RunWriter,
  past: readonly RunEvent[],
  show: (event: RunEvent) => void,
  known?: Key,
): RunLog {
  let seq = past.at(-1)?.seq ?? 0;
  let lines = past.length;
  let hash = known ?? past.reduce(hashed, EMPTY);
  return {
    async emit(body) {
      const event: RunEvent = { seq: seq + 1, time: new Date().toISOString(), ...body };
      await writer.append(event);
      seq = event.seq;
      lines++;
      hash = hashed(hash, event);
      show(event);
    },
    extent: () => ({ lines, hash: inHexadecimal(hash) }),
  };
}

/**
 * Hashes the events of a log once, event by event, so that it can be gone on with, unlike a hash of a file.
 * @returns the hash of its first lines in 32 hexadecimal digits, as checkpoints keep it, and that of all, to go on with
 */
export function hashesAt(
  events: readonly RunEvent[],
  lines: number,
): { readonly at: string; readonly all: Key } {
  const begun = events.slice(0, lines).reduce(hashed, EMPTY);
  return { at: inHexadecimal(begun), all: events.slice(lines).reduce(hashed, begun) };
}

const EMPTY: Key = Key.from("log");
const hashed = (log: Key, event: RunEvent): Key => log.fold(JSON.stringify(event));
const inHexadecimal = (log: Key): string =>
  Array.from(log.integers(4, 2 ** 32), (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");

/**
 * What earlier sessions of a run have left: read, and checked before a session resumes from it.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";
import { type Checkpoint, newestCheckpoint, sha256 } from "../run/checkpoint.ts";
import type { RunEvent } from "../run/event.ts";
import { RUN_FILES, type RunReader, type Store } from "../run/store.ts";
import type { Key } from "../tensor/key.ts";
import { hashesAt } from "./log.ts";

/** What earlier sessions of a run have left. */
export interface Past {
  readonly events: readonly RunEvent[];
  /** The newest sound one, which the next session resumes from. */
  readonly checkpoint: Checkpoint | undefined;
  /** Paths of the run's files. */
  readonly files: readonly string[];
  /** What was known of the machine and the code when it began; empty where that was not kept. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** Files that are damaged, though the run can go on without them: a sentence each. */
  readonly damaged: readonly string[];
  /**
   * Checkpoints that count more events than the log has. The new session removes them: once the log is as long again,
   * they would pass for its own.
   */
  readonly ahead: readonly string[];
  /** The hash of the events, where it was made on the way. */
  readonly hash?: Key | undefined;
}

/** The past of a run that has not begun. */
export const NO_PAST: Past = {
  events: [],
  checkpoint: undefined,
  files: [],
  environment: {},
  damaged: [],
  ahead: [],
};

/**
 * Reads the past of a run.
 * @throws InputError where the run has ended, or its files are too damaged to resume from
 */
export async function readPast(store: Store, id: string): Promise<Past> {
  const reader = await store.open(id);
  const events = await reader.events();
  const end = events.findLast(({ type }) => type === "ended" || type === "resumed");
  if (end?.type === "ended" && (end.status === "passed" || end.status === "missed")) {
    throw new InputError(`run ${id} has ended (${end.status}): there is nothing to resume`);
  }
  const { checkpoint, damaged, ahead } = await newestCheckpoint(reader, events.length);
  const hash = checkpoint && (await requireUnchanged(reader, events, checkpoint));
  return {
    events,
    checkpoint,
    files: await reader.files(""),
    environment: await environmentOf(reader),
    damaged: [...damaged, ...(await damagedArtifacts(reader, events))],
    ahead,
    hash,
  };
}

async function environmentOf(reader: RunReader): Promise<Past["environment"]> {
  try {
    return JSON.parse(new TextDecoder().decode(await reader.read(RUN_FILES.environment)));
  } catch {
    return {}; // whoever needs it says what is wrong with it
  }
}

/**
 * @returns the hash of the events
 * @throws InputError where scenario or log have changed since the checkpoint was written
 */
async function requireUnchanged(
  reader: RunReader,
  events: readonly RunEvent[],
  { path, record }: Checkpoint,
): Promise<Key> {
  const { lines, hash } = record.log;
  const changed = (file: string): InputError =>
    new InputError(
      `run ${reader.id}: ${file} has changed since ${path} was written: somebody edited it, or it is damaged. ` +
        `Restore it, or start the run anew`,
    );
  const { at, all } = hashesAt(events, lines);
  if (at !== hash) throw changed(RUN_FILES.events);
  if ((await sha256(await reader.read(RUN_FILES.scenario))) !== record.scenario)
    throw changed(RUN_FILES.scenario);
  return all;
}

/** Artifacts that are missing, or differ from what was written: a sentence each. */
async function damagedArtifacts(reader: RunReader, events: readonly RunEvent[]): Promise<string[]> {
  const newest = new Map(events.flatMap((e) => (e.type === "artifact" ? [[e.path, e.sha256] as const] : [])));
  const found: string[] = [];
  for (const [path, expected] of newest) {
    const isSound = await reader.read(path).then(
      async (bytes) => (await sha256(bytes)) === expected,
      () => false,
    );
    if (!isSound) found.push(`${path} is missing or damaged; the run does not write it again`);
  }
  return found;
}

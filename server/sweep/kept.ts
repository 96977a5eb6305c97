/**
 * A sweep as it is kept: a log of its jobs in the store that has its runs, with numbered events, under a lease that one
 * host holds at a time. Who reads the log knows all that a host knows.
 *
 * @module
 */
import {
  canonical,
  InputError,
  type JobRecord,
  type LoadedSweep,
  loadSweep,
  type PluginExport,
  type RunEvent,
  RunExists,
  type RunReader,
  type RunResult,
  type RunWriter,
  type Store,
  type SweepJob,
} from "../../core/mod.ts";
import { sha256 } from "../../core/run/checkpoint.ts";
import { modules } from "../trainer/modules.ts";
import { type KeptJob, recordsOf, SWEEP_FILE, type SweepText, takeIn } from "./records.ts";

export { type KeptJob, recordsOf, SWEEP_FILE, type SweepText, takeIn };

/** Stands in the first event of a sweep where that of a run has its application. */
const APPLICATION = "sweep";
const NO_ENGINE = { name: "", version: "", device: "", reason: "a sweep computes nothing itself" };

/** What is known of a sweep. */
export interface SweepStory {
  readonly events: readonly RunEvent[];
  /** What became of its jobs. */
  readonly records: readonly KeptJob[];
  /** Wall time of its hosts so far. */
  readonly seconds: number;
  /** Present once it is over; one that was interrupted or has failed can be resumed. */
  readonly result: RunResult | undefined;
}

/** A sweep that this process hosts. */
export interface HeldSweep extends SweepStory {
  readonly writer: RunWriter;
}

/**
 * The id of a sweep: its name, and a hash of what is tried on what. Bounds and limits are left out, since they change no
 * run.
 */
export async function sweepIdOf({ sweep, scenario }: LoadedSweep): Promise<string> {
  const { name, description, expect, limits, scenario: named, ...rest } = sweep;
  const hash = await sha256(canonical([rest, scenario.text]));
  return `${name}-sweep-${hash.slice(0, 12)}`;
}

/**
 * Begins a sweep, or goes on with it where it is there.
 * @throws InputError where another process hosts it, or runs cannot be written
 */
export async function holdSweep(store: Store, id: string, name: string, text: SweepText): Promise<HeldSweep> {
  const writer = await store.create(name, { id }).catch(async (error) => {
    if (error instanceof RunExists) return await takeUp(store, id);
    throw error;
  });
  try {
    await writer.write(SWEEP_FILE, `${JSON.stringify(text, null, 2)}\n`);
    return { writer, ...(await storyOf(await store.open(id))) };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function takeUp(store: Store, id: string): Promise<RunWriter> {
  return await store.resume(id).catch(async (error) => {
    const owner = await (await store.open(id)).owner();
    if (owner === undefined) throw error;
    throw new InputError(
      `process ${owner.pid} on ${owner.host} hosts sweep ${id} already: \`dsgan sweep status ${id}\` shows how it stands`,
      { cause: error },
    );
  });
}

/** Reads what is known of a sweep. */
export async function storyOf(reader: RunReader): Promise<SweepStory> {
  const events = await reader.events();
  const result = await reader.result();
  return { events, records: recordsOf(events), seconds: secondsOf(events), result };
}

/**
 * Time in which a sweep had a host: from the first event of each session to its last.
 * @param now while it has one, which may have nothing to say for hours: milliseconds as those of `Date.now()`
 */
export function secondsOf(events: readonly RunEvent[], now?: number): number {
  const last = events.at(-1);
  let milliseconds = now === undefined || last === undefined ? 0 : Math.max(0, now - Date.parse(last.time));
  for (const [i, { type, time }] of events.entries()) {
    const before = events[i - 1];
    if (before === undefined || type === "resumed" || type === "started") continue;
    milliseconds += Math.max(0, Date.parse(time) - Date.parse(before.time)); // clocks are set back now and then
  }
  return milliseconds / 1000;
}

/** The event with which a session of a sweep begins. */
export function openingOf({ writer, events }: HeldSweep, name: string, seed: number, location: string) {
  if (events.length > 0) return { type: "resumed", from: null, engine: NO_ENGINE, notes: [] } as const;
  const { id: run } = writer;
  return {
    type: "started",
    ...{ run, scenario: name, application: APPLICATION, seed, engine: NO_ENGINE, location },
  } as const;
}

/** Whether what is read is a sweep rather than a run. */
export async function isSweep(reader: RunReader): Promise<boolean> {
  return (await reader.files(SWEEP_FILE)).includes(SWEEP_FILE);
}

/**
 * Loads a sweep again as it was begun.
 * @throws InputError where it is none, or no longer valid
 */
export async function reopenSweep(
  reader: RunReader,
  plugins: readonly PluginExport[],
): Promise<{ readonly loaded: LoadedSweep; readonly text: SweepText }> {
  if (!(await isSweep(reader))) throw new InputError(`${reader.id} is no sweep`);
  const text = JSON.parse(new TextDecoder().decode(await reader.read(SWEEP_FILE))) as SweepText;
  const { scenario } = text;
  const first = (await reader.events(0, 1))[0];
  const name = first?.type === "started" ? first.scenario : text.file;
  const loaded = await loadSweep(text.text, {
    ...{ file: text.file, base: new URL(text.base), plugins, modules, name },
    find: () => ({ ...scenario, base: new URL(scenario.base) }),
  });
  return { loaded, text };
}

/** What is kept of a sweep that was read from a file. */
export function textOf(
  { scenario }: LoadedSweep,
  from: { readonly text: string; readonly file: string; readonly base: URL },
): SweepText {
  const { text, file, base } = from;
  return { text, file, base: base.href, scenario: { ...scenario, base: scenario.base.href } };
}

/** A job that is to be put, as a record. */
export function asEvent(job: SweepJob, outcome?: JobRecord["outcome"]) {
  return { type: "job", job, ...(outcome && { outcome }) } as const;
}

/**
 * Sweeps as their logs tell of them: which there are, what they try, how their jobs stand. A log is read once, then from
 * where it was left.
 *
 * @module
 */

import type { RunEvent } from "../../core/run/event.ts";
import { parseKept } from "../../core/run/kept.ts";
import type { RunGlance, Store } from "../../core/run/store.ts";
import type { JobRecord } from "../../core/sweep/jobs.ts";
import type { Goal } from "../../core/sweep/search.ts";
import { linesOf } from "../events/lines.ts";
import { recordsOf, SWEEP_FILE, type SweepText } from "../sweep/records.ts";
import type { RunLog } from "./log.ts";
import type { Logs } from "./logs.ts";
import { notFound, Refusal } from "./problem.ts";

/** What a sweep file says, as far as it is shown. */
export interface SweepTerms {
  readonly description?: string;
  /** Name of the scenario. */
  readonly scenario: string;
  readonly vary: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  readonly search: string;
  readonly rungs: readonly number[];
  readonly goal: Goal | undefined;
}

/** A sweep, and what is known of it by now. */
export interface KnownSweep {
  readonly log: RunLog;
  readonly terms: SweepTerms;
  readonly records: readonly JobRecord[];
  /** Wall time of its hosts, up to its last event. */
  readonly seconds: number;
  /** When that was. */
  readonly seen: string | undefined;
}

/** The sweeps of a store. */
export interface SweepBook {
  /** All of them, newest first. */
  list(): Promise<readonly RunGlance[]>;
  /** @throws Refusal 404 where there is no such sweep */
  open(id: string): Promise<KnownSweep>;
  /** The sweep that a run belongs to: of several, the newest. */
  sweepOf(): Promise<ReadonlyMap<string, string>>;
}

/** A log as far as it was read. */
interface Read {
  readonly generation: string;
  readonly terms: SweepTerms;
  last: number;
  jobs: RunEvent[];
  seconds: number;
  before: RunEvent | undefined;
}

/** Logs that are remembered. */
const REMEMBERED = 64;
/** What the id of a sweep ends with. */
const ID = /-sweep-[0-9a-f]{12}$/;

/** Whether an id is that of a sweep: told without a look at its files. */
export function isSweepId(id: string): boolean {
  return ID.test(id);
}

/** Opens the sweeps of a store. */
export function sweepBook(store: Store, logs: Logs): SweepBook {
  const read = new Map<string, Read>();

  const bringUp = async (log: RunLog, generation: string): Promise<Read> => {
    const { id } = log.reader;
    const known = read.get(id);
    const current =
      known?.generation === generation && generation !== ""
        ? known
        : { generation, terms: await termsOf(log), last: 0, jobs: [], seconds: 0, before: undefined };
    read.delete(id);
    read.set(id, current);
    if (read.size > REMEMBERED) read.delete(read.keys().next().value!);
    for await (const piece of log.reader.lines(current.last)) {
      for (const { seq, json } of linesOf(piece)) {
        if (seq <= current.last) continue; // another request has read it in the meantime
        const event = JSON.parse(json) as RunEvent;
        current.last = seq;
        if (event.type === "job") current.jobs.push(event);
        current.seconds += between(current.before, event);
        current.before = event;
      }
    }
    return current;
  };
  const open = async (id: string): Promise<KnownSweep> => {
    const { log, position } = await logs.open(id);
    const { terms, jobs, seconds, before } = await bringUp(log, position.generation);
    return { log, terms, records: recordsOf(jobs), seconds, seen: before?.time };
  };
  const list = async (): Promise<RunGlance[]> => {
    const found: RunGlance[] = [];
    for (const id of (await store.list()).filter(isSweepId)) {
      const glance = await store.glance(id).catch(() => undefined);
      if (glance !== undefined) found.push(glance);
    }
    return found;
  };
  return {
    list,
    open,
    async sweepOf() {
      const sweeps = new Map<string, string>();
      for (const { run } of await list()) {
        const sweep = await open(run).catch(() => undefined);
        for (const { job } of sweep?.records ?? []) if (!sweeps.has(job.run)) sweeps.set(job.run, run);
      }
      return sweeps;
    },
  };
}

/** Seconds from one event to the next, where one host wrote both. */
function between(before: RunEvent | undefined, { type, time }: RunEvent): number {
  if (before === undefined || type === "resumed" || type === "started") return 0;
  return Math.max(0, Date.parse(time) - Date.parse(before.time)) / 1000;
}

/** What its file says. @throws Refusal 404 where it is no sweep */
async function termsOf({ reader }: RunLog): Promise<SweepTerms> {
  const data = await reader.read(SWEEP_FILE).catch(notFound);
  try {
    const { text, scenario } = JSON.parse(new TextDecoder().decode(data)) as SweepText;
    const file = parseKept(text) as {
      readonly description?: unknown;
      readonly scenario?: unknown;
      readonly vary?: Readonly<Record<string, unknown>>;
      readonly seeds?: readonly number[];
      readonly search?: string | { readonly use?: string; readonly rungs?: readonly number[] };
      readonly goal?: { readonly maximize?: string; readonly minimize?: string };
    };
    const { description, vary = {}, seeds = [0], search = "", goal } = file;
    const { use = "", rungs = [] } = typeof search === "string" ? { use: search } : search;
    return {
      ...(typeof description === "string" && { description }),
      scenario: typeof file.scenario === "string" ? file.scenario : scenario.name,
      ...{ vary, seeds, search: use, rungs },
      goal:
        goal?.maximize !== undefined
          ? { metric: goal.maximize, direction: "maximize" }
          : goal?.minimize !== undefined
            ? { metric: goal.minimize, direction: "minimize" }
            : undefined,
    };
  } catch (error) {
    throw new Refusal(404, `${reader.id} has a damaged ${SWEEP_FILE}`, { cause: error });
  }
}

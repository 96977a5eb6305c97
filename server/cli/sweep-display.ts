/**
 * Showing a sweep as it goes: a table that is drawn again and again on a terminal, a line for each job elsewhere.
 *
 * @module
 */
import { clearScreenDown, moveCursor } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import {
  type JobRecord,
  type LoadedSweep,
  type RunEvent,
  readableName,
  type Trial,
  trialsOf,
} from "../../core/mod.ts";
import { number } from "../report/format.ts";
import { type HeldSweep, recordsOf, takeIn } from "../sweep/kept.ts";
import { inShort } from "../sweep/outcome.ts";
import { jsonDisplay } from "./display.ts";
import { print } from "./output.ts";
import { inCi } from "./watch.ts";
import { count, place } from "./words.ts";

/** A sweep that is hosted here. */
export interface ShownSweep {
  readonly id: string;
  readonly loaded: LoadedSweep;
  readonly sweep: HeldSweep;
  /** Who makes the runs, in a few words. */
  readonly makers: string;
  /** Jobs in all, where that is known. */
  readonly total?: number;
}

/** Shows a sweep. */
export interface SweepDisplay {
  /** An event of the sweep. */
  show(event: RunEvent): void;
  /** An event of one of its runs. Absent where nothing of runs is shown. */
  run?(run: string, event: RunEvent): void;
  /** Called once, after the last event or where there will be none. */
  end(): void;
}

/** The display that the options ask for, and the output allows. */
export function sweepDisplay(
  shown: ShownSweep,
  { json, quiet }: { readonly json?: boolean; readonly quiet?: boolean },
  output: NodeJS.WriteStream = process.stdout,
): SweepDisplay {
  if (json) return jsonDisplay(print, () => shown.id);
  const write = (text: string): void => void output.write(text);
  if (quiet) return { show: () => {}, end: () => {} };
  write(`${heading(shown)}\n`);
  return output.isTTY && !inCi() ? live(shown, output) : plain(shown, write);
}

function heading({ id, loaded: { sweep, search }, sweep: { writer, records }, makers }: ShownSweep): string {
  const over = records.filter(({ outcome }) => outcome !== undefined).length;
  const before = records.length === 0 ? "" : `, ${over} of ${count(records.length, "job")} over before`;
  const seeds = count(sweep.seeds.length, "seed");
  return `sweep ${id}  by ${search.name}, ${seeds}, ${makers}${before}  ${place(writer.location)}`;
}

/** A line for each job that is over. */
function plain({ loaded, sweep, total }: ShownSweep, write: (text: string) => void): SweepDisplay {
  const records = new Map(sweep.records.map((record) => [record.job.id, record]));
  return {
    show(event) {
      if (event.type !== "job") return;
      takeIn(records, event);
      const record = records.get(event.job.id)!;
      const over = [...records.values()].filter(({ outcome }) => outcome !== undefined).length;
      if (record.outcome !== undefined)
        write(`[${over} of ${total ?? records.size}]  ${lineOf(loaded, record)}\n`);
    },
    run(run, event) {
      if (event.type === "warning" || (event.type === "sentinel" && event.action === "warn"))
        write(`  ${run}: warning: ${event.message}\n`);
    },
    end: () => {},
  };
}

function lineOf({ goal, sweep }: LoadedSweep, { job, outcome }: JobRecord): string {
  const at = job.until === undefined ? "" : ` at step ${job.until}`;
  const head = `${inShort(job.settings)} seed=${job.seed}  ${outcome?.kind}${outcome?.kind === "paused" ? at : ""}`;
  if (outcome?.kind === "failed") return `${head}: ${outcome.message}`;
  if (outcome === undefined || !("metrics" in outcome)) return head;
  const names = new Set([...(goal ? [goal.metric] : []), ...Object.keys(sweep.expect)]);
  const told = Object.entries(outcome.metrics).filter(([name]) => names.size === 0 || names.has(name));
  return [head, ...told.map(([name, value]) => `${readableName(name)} ${number(value)}`)].join("  ");
}

/** Milliseconds between two drawings. */
const REDRAW_MS = 200;
/** Lines of the terminal that are left to others. */
const SPARE = 3;

/** A line for each trial, drawn over the one before. */
function live({ loaded, sweep, total }: ShownSweep, terminal: NodeJS.WriteStream): SweepDisplay {
  const events: RunEvent[] = [...sweep.events];
  const steps = new Map<string, { readonly step: number; readonly steps: number }>();
  let lines = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const erase = (): void => {
    if (lines > 0) moveCursor(terminal, 0, -lines);
    clearScreenDown(terminal);
    lines = 0;
  };
  const draw = (): void => {
    timer = undefined;
    erase();
    const columns = terminal.columns || 80;
    const rows = drawn(loaded, recordsOf(events), steps, { total, lines: (terminal.rows || 24) - SPARE });
    for (const row of rows) terminal.write(`${stripVTControlCharacters(row).slice(0, columns - 1)}\n`);
    lines = rows.length;
  };
  const soon = (): void => {
    timer ??= setTimeout(draw, REDRAW_MS);
  };
  return {
    show(event) {
      if (event.type === "job") events.push(event);
      soon();
    },
    run(run, event) {
      if (event.type !== "progress") return;
      steps.set(run, event);
      soon();
    },
    end() {
      clearTimeout(timer);
      erase(); // the tables at the end say it all
    },
  };
}

/** How each trial stands: those that run first, as many as there is room for. */
function drawn(
  loaded: LoadedSweep,
  records: readonly JobRecord[],
  steps: ReadonlyMap<string, { readonly step: number; readonly steps: number }>,
  { total, lines }: { readonly total: number | undefined; readonly lines: number },
): string[] {
  const trials = trialsOf(loaded, records);
  const over = records.filter(({ outcome }) => outcome !== undefined).length;
  const shown = [
    ...trials.filter(({ state }) => state === "running"),
    ...trials.filter(({ state }) => state !== "running").reverse(),
  ].slice(0, Math.max(1, lines));
  const hidden = trials.length - shown.length;
  const more = hidden > 0 ? `, ${hidden} more not shown` : "";
  return [
    `${count(trials.length, "trial")}, ${over} of ${count(total ?? records.length, "job")} over${more}`,
    ...shown.map((trial) => rowOf(loaded, trial, records, steps)),
  ];
}

function rowOf(
  { goal }: LoadedSweep,
  { id, settings, state, scores }: Trial,
  records: readonly JobRecord[],
  steps: ReadonlyMap<string, { readonly step: number; readonly steps: number }>,
): string {
  const running = records.filter(({ job, outcome }) => job.trial === id && outcome === undefined);
  const going = running.map(({ job: { run, seed } }) => {
    const at = steps.get(run);
    return `seed ${seed} ${at === undefined ? "…" : `${Math.floor((100 * at.step) / Math.max(1, at.steps))} %`}`;
  });
  const score =
    goal === undefined || scores.length === 0
      ? []
      : [`${readableName(goal.metric)} ${number(scores.at(-1)!)}`];
  return [`  ${inShort(settings)}`, state, ...score, ...going].join("  ");
}

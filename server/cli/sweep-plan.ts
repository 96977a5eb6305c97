/**
 * `dsgan sweep --dry-run`: what a sweep would run.
 *
 * @module
 */
import type { LoadedSweep, SweepJob, Trial } from "../../core/mod.ts";
import { valueInShort } from "../sweep/outcome.ts";
import { planOf } from "../sweep/plan.ts";
import type { Host } from "./host.ts";
import { table } from "./list.ts";
import { loadSweepFile } from "./load.ts";
import { print } from "./output.ts";
import { count } from "./words.ts";

/** What a sweep would begin with. */
interface Plan {
  readonly trials: readonly Trial[];
  readonly jobs: readonly SweepJob[];
}

/** Shows what a sweep would run. @returns the exit code */
export async function planCommand(given: string, json: boolean, host: Host): Promise<number> {
  const { loaded } = await loadSweepFile(given, host);
  try {
    const { put: jobs, trials } = await planOf(loaded);
    print(json ? jsonOf(loaded, { trials, jobs }) : textOf(loaded, { trials, jobs }));
    return 0;
  } finally {
    await loaded.search.close?.();
  }
}

function jsonOf({ sweep }: LoadedSweep, { trials, jobs }: Plan): string {
  const shown = trials.map(({ id, settings }) => ({
    ...{ trial: id, settings },
    runs: jobs
      .filter(({ trial }) => trial === id)
      .map(({ run, seed, until, overrides }) => ({ run, seed, until, overrides })),
  }));
  return `${JSON.stringify({ sweep: sweep.name, scenario: sweep.scenario, trials: shown }, null, 2)}\n`;
}

function textOf({ sweep, search, goal }: LoadedSweep, { trials, jobs }: Plan): string {
  const { seeds, limits } = sweep;
  const rows = trials.map(({ id, settings }) => ({
    trial: id,
    ...Object.fromEntries(Object.entries(settings).map(([path, value]) => [path, valueInShort(value)])),
  }));
  const { rungs } = search;
  const lines = [
    `${sweep.name}: ${count(trials.length, "trial")} from ${count(seeds.length, "seed")} (${seeds.join(", ")}) by ${search.name}`,
    rows.length === 0 ? "" : table(rows),
    "",
    rungs === undefined
      ? `Would run ${count(jobs.length, "run")}, each to its end.`
      : `Would run ${count(jobs.length, "run")} to step ${rungs[0]}. The best go on${rungs.length > 1 ? `, to ${rungs.slice(1).join(", ")}` : ""} and to their end.`,
    ...(search.learns ? ["Further trials depend on the scores of these."] : []),
    ...(goal === undefined ? [] : [`Goal: ${goal.direction} ${goal.metric}, its mean over the seeds.`]),
    "A run is called <trial>-seed<seed>.",
    `Limits: ${limits.atOnce === undefined ? "" : `${count(limits.atOnce, "run")} at once, `}${count(limits.failures, "failure")}, ${limits.retries} retries of a lost run.`,
  ];
  return `${lines.join("\n")}\n`;
}

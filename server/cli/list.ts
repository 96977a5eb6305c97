/**
 * `dsgan list`: what there is to name in a scenario or on the command line.
 *
 * @module
 */
import { styleText } from "node:util";
import Table from "cli-table3";
import { contextOf, Engines, glancesOf, messageOf, type Registry, storeAt } from "../../core/mod.ts";
import { duration } from "../report/format.ts";
import type { Host } from "./host.ts";
import { print } from "./output.ts";
import { descriptionOf, packagedScenarios } from "./package.ts";
import { type PluginOptions, registryFor } from "./plugins.ts";
import type { RunsOptions } from "./runs.ts";

/** What can be listed. */
export const LISTS = ["plugins", "scenarios", "engines", "runs"] as const;

/** Options of `dsgan list`. */
export interface ListOptions extends PluginOptions, RunsOptions {
  readonly json?: boolean;
}

type Rows = readonly Readonly<Record<string, string>>[];

/** Lists one kind of thing, or all of them. @returns the exit code */
export async function listCommand(
  what: (typeof LISTS)[number] | undefined,
  options: ListOptions,
  host: Host,
): Promise<number> {
  const { runs, json } = options;
  const registry = await registryFor(host, options);
  const lists = {
    plugins: () => plugins(registry),
    scenarios: () => packagedScenarios().map((s) => ({ name: s.name, description: descriptionOf(s) })),
    engines: () => engines(registry),
    runs: () => runsIn(registry, runs),
  };
  const found: Record<string, Rows> = {};
  for (const name of what === undefined ? LISTS : [what]) found[name] = await lists[name]();
  if (json) {
    print(`${JSON.stringify(what === undefined ? found : found[what], null, 2)}\n`);
    return 0;
  }
  for (const [name, rows] of Object.entries(found)) {
    if (what === undefined) process.stdout.write(`${styleText("bold", name)}\n`);
    process.stdout.write(`${rows.length === 0 ? `no ${name}` : table(rows)}\n`);
    if (what === undefined) process.stdout.write("\n");
  }
  return 0;
}

/** Every component, by the contract it fulfils. */
function plugins(registry: Registry): Rows {
  return registry.contracts().flatMap((contract) =>
    registry.all(contract).map(({ name, summary, reference = "" }) => ({
      kind: contract.kind,
      name,
      summary,
      reference,
    })),
  );
}

/** Every engine, and whether it works here: each is started. */
async function engines(registry: Registry): Promise<Rows> {
  const context = contextOf(registry, new URL("file:///"));
  const rows: Record<string, string>[] = [];
  for (const { name, summary } of registry.all(Engines)) {
    try {
      const { device } = await (await context.create(Engines, { use: name })).start();
      rows.push({ name, works: "yes", detail: device, summary });
    } catch (error) {
      rows.push({ name, works: "no", detail: messageOf(error), summary });
    }
  }
  return rows;
}

/** Every run of a store, newest first. */
async function runsIn(registry: Registry, location: string): Promise<Rows> {
  const store = await storeAt(location, contextOf(registry, new URL("file:///")));
  const rows: Record<string, string>[] = [];
  for await (const { run, scenario, status, seconds } of glancesOf(store, await store.list())) {
    rows.push({ run, scenario, status, time: seconds === undefined ? "" : duration(seconds) });
  }
  return rows;
}

/** Rows in columns without lines, so that other commands can read them; on a terminal the widest column is wrapped. */
export function table(rows: Rows): string {
  const bare = Object.fromEntries(
    ["top", "bottom", "mid", "left", "right"].flatMap((side) =>
      ["", "-left", "-mid", "-right"].map((corner) => [`${side}${corner}`, ""]),
    ),
  );
  const head = Object.keys(rows[0]!);
  const widths = head.map((name) => Math.max(name.length, ...rows.map((row) => row[name]!.length)));
  const wide = widths.indexOf(Math.max(...widths));
  const room =
    (process.stdout.columns || Infinity) - widths.reduce((sum, width) => sum + width + GAP.length, 0);
  if (room < 0) widths[wide] = Math.max(24, widths[wide]! + room);
  const drawn = new Table({
    head,
    chars: { ...bare, middle: GAP },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colWidths: widths,
    wordWrap: true,
  });
  drawn.push(...rows.map((row) => head.map((name) => row[name])));
  return drawn.toString().replaceAll(/ +$/gm, "");
}

const GAP = "  ";

/**
 * The picture of `dsgan compare`: a panel for each metric, in it a curve with a band for each setting.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { assemble, contextOf, InputError, type LineSeries, type Panel, painterOf } from "../../core/mod.ts";
import { spread } from "../statistics/sample.ts";
import type { Ended } from "./comparison.ts";
import type { Host } from "./host.ts";

/** Runs of one setting, and what to call it. */
export interface Setting {
  readonly name: string;
  readonly runs: readonly Ended[];
}

/** Values of a metric by step. */
type Curve = ReadonlyMap<number, number>;

/**
 * Draws metrics over steps: the mean over the seeds, and a standard deviation around it.
 * @param metrics names of values that runs report as progress
 * @throws InputError where no run reports one of them on the way, or there is no painter
 */
export async function plot(
  file: string,
  settings: readonly Setting[],
  metrics: readonly string[],
  host: Host,
): Promise<void> {
  if (!file.endsWith(".png"))
    throw new InputError(`--plot ${file}: pictures are PNG; name a file that ends in .png`);
  const painter = await painterOf(contextOf(await assemble(host.plugins), new URL("file:///")));
  if (painter === undefined) throw new InputError("--plot: no plugin that draws is there");
  const curves = await Promise.all(
    settings.map(async ({ name, runs }) => ({ name, runs: await Promise.all(runs.map(curvesOf)) })),
  );
  const panels = metrics.flatMap((metric): Panel[] => {
    const series = curves.flatMap(({ name, runs }) =>
      bandOf(
        name,
        runs.map((run) => run.get(metric)),
      ),
    );
    return series.length === 0 ? [] : [{ title: metric, axes: { x: "step", y: metric }, series }];
  });
  if (panels.length === 0) {
    throw new InputError(
      `--plot: no run reports ${metrics.join(" or ")} on the way. The application generate does with measureEvery`,
    );
  }
  await writeFile(file, await painter.panels("Means over seeds, ± one standard deviation", panels));
}

/** Values that a run reports as progress, by name. */
async function curvesOf({ reader }: Ended): Promise<ReadonlyMap<string, Curve>> {
  const curves = new Map<string, Map<number, number>>();
  for (const event of await reader.events()) {
    if (event.type !== "progress") continue;
    for (const [name, value] of Object.entries(event.values ?? {})) {
      if (!curves.has(name)) curves.set(name, new Map());
      curves.get(name)!.set(event.step, value);
    }
  }
  return curves;
}

/** Mean and band at the steps that all runs report; nothing where there are none. */
function bandOf(name: string, runs: readonly (Curve | undefined)[]): LineSeries[] {
  const known = runs.filter((run) => run !== undefined);
  const steps = [...(known[0]?.keys() ?? [])].filter((step) => known.every((run) => run.has(step)));
  if (steps.length === 0) return [];
  const spreads = steps.map((step) => spread(known.map((run) => run.get(step)!)));
  return [
    {
      ...{ name, x: steps, y: spreads.map(({ mean }) => mean) },
      low: spreads.map(({ mean, deviation }) => mean - deviation),
      high: spreads.map(({ mean, deviation }) => mean + deviation),
    },
  ];
}

/**
 * Curves over seeds: the mean of what runs of one setting report, and a standard deviation around it.
 *
 * @module
 */
import type { LineSeries, Panel, RunReader } from "../../core/mod.ts";
import { spread } from "../statistics/sample.ts";

/** Runs of one setting, and what to call it. */
export interface Setting {
  readonly name: string;
  readonly runs: readonly RunReader[];
}

/** Values of a metric by step. */
type Curve = ReadonlyMap<number, number>;

/** A panel for each metric that runs report on the way, in it a curve with a band for each setting. */
export async function panelsOf(settings: readonly Setting[], metrics: readonly string[]): Promise<Panel[]> {
  const curves = await Promise.all(
    settings.map(async ({ name, runs }) => ({ name, runs: await Promise.all(runs.map(curvesOf)) })),
  );
  return metrics.flatMap((metric): Panel[] => {
    const series = curves.flatMap(({ name, runs }) =>
      bandOf(
        name,
        runs.map((run) => run.get(metric)),
      ),
    );
    return series.length === 0 ? [] : [{ title: metric, axes: { x: "step", y: metric }, series }];
  });
}

/** What the title of such panels says. */
export const BANDS = "Means over seeds, ± one standard deviation";

/** Values that a run reports as progress, by name. */
async function curvesOf(reader: RunReader): Promise<ReadonlyMap<string, Curve>> {
  const curves = new Map<string, Map<number, number>>();
  for (const event of await reader.events()) {
    if (event.type !== "progress") continue;
    for (const [name, value] of Object.entries(event.values ?? {})) {
      if (!curves.has(name)) curves.set(name, new Map());
      curves.get(name)!.set(event.step, Number(value));
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

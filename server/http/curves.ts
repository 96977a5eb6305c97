/**
 * The route that gives curves over seeds: the mean of several runs at each step, and how far they spread.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { clip, type Line } from "../events/downsample.ts";
import type { Logs } from "./logs.ts";
import { Refusal } from "./problem.ts";
import { anyNumber } from "./requests.ts";
import { json, newRoutes, route } from "./route.ts";
import { type CurvesAnswer, curvesAnswer } from "./sweep-answers.ts";

/** Runs of one curve. */
const MOST_RUNS = 64;
const several = z.union([z.string().transform((one) => [one]), z.array(z.string())]);

const query = z.object({
  run: several
    .pipe(z.array(z.string()).max(MOST_RUNS))
    .openapi({ type: "array", items: { type: "string" }, description: "Ids of the runs: repeat it." }),
  metric: several
    .optional()
    .openapi({ type: "array", items: { type: "string" }, description: "Repeat it; all unless given." }),
  points: z.coerce
    .number<string | number>()
    .int()
    .min(4)
    .max(2000)
    .default(200)
    .openapi({ type: "integer", minimum: 4, maximum: 2000 }),
  from: anyNumber("First step."),
  to: anyNumber("Last step."),
});

const curves = route({
  method: "get",
  path: "/api/curves",
  summary: "Means of several runs over steps, and how far the runs spread",
  request: { query },
  answers: { 200: json(curvesAnswer) },
});

/** The route of this module. */
export function curveRoutes(logs: Logs) {
  return newRoutes().openapi(curves, async (c) => {
    const asked = c.req.valid("query");
    if (asked.run.length === 0) throw new Refusal(400, "run: name at least one");
    return c.json({ curves: await curvesOf(asked, logs) }, 200);
  });
}

async function curvesOf(
  { run: runs, metric: metrics, points, from = -Infinity, to = Infinity }: z.output<typeof query>,
  logs: Logs,
): Promise<CurvesAnswer["curves"]> {
  const digests = await Promise.all(runs.map(async (run) => await (await logs.open(run)).log.digest()));
  const all = digests
    .flatMap(({ curves }) => curves)
    .filter(({ metric }) => metrics === undefined || metrics.includes(metric));
  const alike = Map.groupBy(all, ({ stage, metric }) => JSON.stringify([stage, metric]));
  return [...alike.values()].map((group) => {
    const { stage, metric } = group[0]!;
    const lines = group.map((curve) => clip(curve.line(), from, to));
    return { stage, metric, ...overRuns(lines, points) };
  });
}

/**
 * The mean of several lines in so many stretches of steps at most. In each, a line counts by the mean of its points.
 * @param lines `x` ascending; NaN in `y` counts for nothing
 */
export function overRuns(
  lines: readonly Line[],
  points: number,
): { readonly x: number[]; readonly mean: number[]; readonly deviation: number[]; readonly n: number[] } {
  const ends = lines.filter(({ x }) => x.length > 0);
  const from = Math.min(...ends.map(({ x }) => x[0]!));
  const to = Math.max(...ends.map(({ x }) => x.at(-1)!));
  const longest = Math.max(0, ...ends.map(({ x }) => x.length));
  // As many stretches as there are points, so that a line without many keeps each.
  const stretches = Math.min(points, longest);
  const width = (to - from) / Math.max(1, stretches - 1) || 1;
  const sums = Array.from({ length: stretches }, () => ({ steps: 0, count: 0, values: [] as number[] }));
  for (const { x, y } of ends) {
    for (let i = 0; i < x.length; ) {
      const at = Math.min(stretches - 1, Math.round((x[i]! - from) / width));
      let [sum, count] = [0, 0];
      for (; i < x.length && Math.min(stretches - 1, Math.round((x[i]! - from) / width)) === at; i++) {
        sums[at]!.steps += x[i]!;
        sums[at]!.count++;
        if (!Number.isFinite(y[i]!)) continue;
        sum += y[i]!;
        count++;
      }
      if (count > 0) sums[at]!.values.push(sum / count);
    }
  }
  const kept = sums.filter(({ values }) => values.length > 0);
  const means = kept.map(({ values }) => values.reduce((a, b) => a + b, 0) / values.length);
  return {
    x: kept.map(({ steps, count }) => steps / count),
    mean: means,
    deviation: kept.map(({ values }, i) =>
      values.length < 2
        ? 0
        : Math.sqrt(values.reduce((sum, v) => sum + (v - means[i]!) ** 2, 0) / (values.length - 1)),
    ),
    n: kept.map(({ values }) => values.length),
  };
}

/**
 * The route that gives numbers over steps, in so few points that they can be drawn at once.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { clip, downsample } from "../events/downsample.ts";
import { type Series, type SeriesAnswer, seriesAnswer } from "./answers.ts";
import type { RunLog } from "./log.ts";
import type { Logs } from "./logs.ts";
import { Refusal } from "./problem.ts";
import { namesAmong, runParams, seriesQuery } from "./requests.ts";
import { json, newRoutes, route } from "./route.ts";

const series = route({
  method: "get",
  path: "/api/runs/{id}/series",
  summary: "Numbers over steps, in so few points that they draw at once",
  request: { params: runParams, query: seriesQuery },
  answers: { 200: json(seriesAnswer) },
});

/** The route of this module. */
export function seriesRoutes(logs: Logs) {
  return newRoutes().openapi(series, async (c) => {
    const { log } = await logs.open(c.req.param("id"));
    return c.json(await seriesOf(log, c.req.valid("query")), 200);
  });
}

/** The curves that are asked for, downsampled. */
async function seriesOf(
  log: RunLog,
  { metric, stage, points, from = -Infinity, to = Infinity }: z.output<typeof seriesQuery>,
): Promise<SeriesAnswer> {
  const { last, curves, clocks, started } = await log.digest();
  const known = new Set(curves.map((curve) => curve.metric));
  const names = metric && namesAmong(metric, known);
  const unknown = names?.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const list = [...known].join(", ") || "none yet";
    throw new Refusal(404, `the run has no metric ${JSON.stringify(unknown)} over steps; it has: ${list}`);
  }
  const wanted = curves.filter(
    (curve) =>
      (names === undefined || names.includes(curve.metric)) && (stage === undefined || stage === curve.stage),
  );
  const series = wanted.map((curve): Series => {
    const line = clip(curve.line(), from, to);
    const { x, y } = downsample(line, points);
    return {
      stage: curve.stage,
      metric: curve.metric,
      count: line.x.length,
      x: [...x],
      y: Array.from(y, (value) => (Number.isFinite(value) ? value : null)),
    };
  });
  const began = Date.parse(started?.time ?? clocks[0]?.times[0] ?? "");
  return {
    last,
    clocks: clocks.map(({ stage, steps, times }) => ({
      stage,
      x: steps,
      seconds: times.map((time) => (Date.parse(time) - began) / 1000),
    })),
    series,
  };
}

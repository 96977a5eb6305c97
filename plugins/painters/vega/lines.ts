/**
 * Lines over a shared x axis, such as losses over steps.
 *
 * @module
 */
import type { Spec } from "vega";
import type { LineSeries } from "../../../core/mod.ts";
import { extent, extentOfLogs } from "./domain.ts";
import { frame } from "./frame.ts";
import { strokesOf } from "./theme.ts";

/** Buckets a line is thinned to, of which the smallest and the largest point are drawn. */
const BUCKETS = 600;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** @throws RangeError where a series has not as many x as y, or there is no series */
export function linesSpec(
  title: string,
  axes: { readonly x: string; readonly y: string; readonly logarithmic?: boolean },
  series: readonly LineSeries[],
): Spec {
  if (series.length === 0) throw new RangeError("lines: there is no series to draw");
  const { logarithmic = false } = axes;
  const shown = (line: LineSeries): readonly Point[] =>
    thinned(pointsOf(line).filter(({ y }) => !logarithmic || y > 0));
  const data = series.map((line, i) => ({ name: `line${i}`, values: [...shown(line)] }));
  const points = data.flatMap(({ values }) => values);
  const strokes = strokesOf(series.map(({ name }) => name));

  return {
    ...frame({
      title,
      names: series.map((s) => s.name),
      x: { title: axes.x, domain: extent(points.map((p) => p.x)) },
      y: {
        title: axes.y,
        domain: (logarithmic ? extentOfLogs : extent)(points.map((p) => p.y)),
        fromZero: false,
        logarithmic,
      },
      legend: "stroke",
    }),
    data,
    marks: data.map(({ name, values }, i) => ({
      type: "line",
      from: { data: name },
      encode: {
        enter: {
          x: { scale: "x", field: "x" },
          y: { scale: "y", field: "y" },
          stroke: { value: strokes[i]!.colour },
          ...(strokes[i]!.dash.length > 0 && { strokeDash: { value: [...strokes[i]!.dash] } }),
          strokeWidth: { value: values.length > BUCKETS ? 1 : 1.6 },
          strokeOpacity: { value: 0.9 },
          strokeJoin: { value: "round" },
        },
      },
    })),
  };
}

/** The points of a line that are finite. */
function pointsOf({ name, x, y }: LineSeries): Point[] {
  if (x.length !== y.length) throw new RangeError(`lines: "${name}" has ${x.length} x, but ${y.length} y`);
  return x
    .map((value, i) => ({ x: value, y: y[i]! }))
    .filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));
}

/** As it looks at this size: the first and last point, and of each bucket the lowest and the highest, in order. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= 2 * BUCKETS + 2) return points;
  const kept = [points[0]!];
  const inner = points.length - 2;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const from = 1 + Math.floor((bucket * inner) / BUCKETS);
    const to = 1 + Math.floor(((bucket + 1) * inner) / BUCKETS);
    let [low, high] = [from, from];
    for (let i = from; i < to; i++) {
      if (points[i]!.y < points[low]!.y) low = i;
      if (points[i]!.y > points[high]!.y) high = i;
    }
    kept.push(points[Math.min(low, high)]!);
    if (low !== high) kept.push(points[Math.max(low, high)]!);
  }
  kept.push(points.at(-1)!);
  return kept;
}

/**
 * Points in the plane: a panel for each series and one with all of them, on the same axes.
 *
 * @module
 */
import type { GroupMark, Scale, Spec } from "vega";
import type { PointAxes, PointSeries } from "../../../core/mod.ts";
import { type Domain, decidedDomain, widened } from "./domain.ts";
import { colourOf, shortNumbers, textWidth } from "./theme.ts";

const side = 230;
const gap = 20;
const left = 50;
const top = 66; // title, then the panels' names
const bottom = 26;
const perRow = 4;

/** More points a series than this are thinned: they would only hide each other. */
const MOST = 4000;

interface Points {
  readonly name: string;
  readonly colour: string;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** @throws RangeError where values do not come in pairs, or there is no series */
export function scatterSpec(title: string, series: readonly PointSeries[], { axes }: PointAxes = {}): Spec {
  if (series.length === 0) throw new RangeError("scatter: there is no series to draw");
  const all = series.map(pointsOf);
  const domain = (values: readonly Float32Array[]): Domain => decidedDomain(series, values, axes);
  const [x, y] = square(domain(all.map((p) => p.x)), domain(all.map((p) => p.y)));
  const panels = all.map((points) => ({ name: points.name, shown: [points] }));
  if (all.length > 1) panels.push({ name: "all", shown: all });

  const columns = Math.min(perRow, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const across = left + columns * (side + gap);
  const down = side + gap + 40;
  const scale = (name: string, domain: Domain, range: [number, number]): Scale => {
    return { name, type: "linear", domain: [...domain], range, zero: false, nice: false };
  };

  return {
    width: across + 40 + textWidth("m".repeat(Math.max(...all.map((p) => Math.min(p.name.length, 20)))), 13),
    height: top + (rows - 1) * down + side + bottom,
    padding: 12,
    autosize: "none",
    title: { text: title, limit: across, offset: -16, frame: "group" },
    scales: [
      scale("x", x, [0, side]),
      scale("y", y, [side, 0]),
      {
        name: "colour",
        type: "ordinal",
        domain: all.map((p) => p.name),
        range: all.map((p) => p.colour),
      },
    ],
    legends: [{ fill: "colour", orient: "none", legendX: across - gap + 14, legendY: top, labelLimit: 160 }],
    marks: panels.map(({ name, shown }, i) => {
      const [column, row] = [i % columns, Math.floor(i / columns)];
      return panel(name, shown, x, y, left + column * (side + gap), top + row * down, column === 0);
    }),
  };
}

/** One panel, its upper left corner at the given place. */
function panel(
  name: string,
  shown: readonly Points[],
  [left, right]: Domain,
  [low, high]: Domain,
  across: number,
  down: number,
  first: boolean,
): GroupMark {
  const inside = (p: Points, i: number): boolean =>
    p.x[i]! >= left && p.x[i]! <= right && p.y[i]! >= low && p.y[i]! <= high;
  let outside = 0;
  const rows = shown.map((points) => {
    const kept: { x: number; y: number }[] = [];
    const every = Math.ceil(points.x.length / MOST);
    for (let i = 0; i < points.x.length; i++) {
      if (!inside(points, i)) outside++;
      else if (i % every === 0) kept.push({ x: points.x[i]!, y: points.y[i]! });
    }
    return kept;
  });
  const ticks = { grid: true, tickCount: 5, encode: shortNumbers } as const;

  return {
    type: "group",
    encode: {
      enter: {
        x: { value: across },
        y: { value: down },
        width: { value: side },
        height: { value: side },
        clip: { value: false },
        stroke: { value: "#999999" },
      },
    },
    data: rows.map((values, i) => ({ name: `points${i}`, values })),
    title: {
      text: outside === 0 ? name : `${name} (${outside} outside)`,
      fontSize: 14,
      frame: "group",
      offset: 7,
      limit: side,
    },
    axes: [
      { orient: "bottom", scale: "x", gridScale: "y", ...ticks },
      { orient: "left", scale: "y", gridScale: "x", ...ticks, labels: first, ticks: first },
    ],
    marks: shown.map((points, i) => ({
      type: "symbol",
      from: { data: `points${i}` },
      encode: {
        enter: {
          x: { scale: "x", field: "x" },
          y: { scale: "y", field: "y" },
          size: { value: 6 },
          fill: { value: points.colour },
          fillOpacity: { value: opacity(rows[i]!.length) },
        },
      },
    })),
  };
}

/** Fewer points are drawn stronger. */
function opacity(n: number): number {
  return Math.min(0.8, Math.max(0.35, 14 / Math.sqrt(n)));
}

/** The points of the i-th series. */
function pointsOf({ name, values }: PointSeries, i: number): Points {
  if (values.length % 2 !== 0)
    throw new RangeError(`scatter: "${name}" has ${values.length} values, not pairs`);
  const n = values.length / 2;
  return {
    name,
    colour: colourOf(i),
    x: Float32Array.from({ length: n }, (_, j) => values[2 * j]!),
    y: Float32Array.from({ length: n }, (_, j) => values[2 * j + 1]!),
  };
}

/** Two domains of equal length around the same centres, so that a unit is as long across as up. */
function square(x: Domain, y: Domain): [Domain, Domain] {
  const length = Math.max(x[1] - x[0], y[1] - y[0]);
  const around = ([low, high]: Domain): Domain => {
    const centre = (low + high) / 2;
    return widened([centre - length / 2, centre + length / 2], 0.04);
  };
  return [around(x), around(y)];
}

/**
 * Charts of lines beside and below each other, under one legend: what is compared under several conditions.
 *
 * @module
 */
import type { GroupMark, Mark, Spec } from "vega";
import type { LineSeries, Panel } from "../../../core/mod.ts";
import { extent } from "./domain.ts";
import { type Stroke, shortNumbers, strokesOf, textWidth } from "./theme.ts";

const across = 330;
const up = 230;
const left = 64;
const gap = { x: 78, y: 86 };
const top = 74; // title, then a panel's own
const bottom = 50;
const legendFont = 13;
const longestName = 260;

/** @throws RangeError where there is no panel, a panel has no series, or one has not as many x as y */
export function panelsSpec(title: string, panels: readonly Panel[], perRow = 2): Spec {
  if (panels.length === 0) throw new RangeError("panels: there is no panel to draw");
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const strokes = strokesOf(names);
  const columns = Math.min(perRow, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const legendX = left + columns * across + (columns - 1) * gap.x + 24;
  const widest = Math.min(longestName, Math.max(...names.map((name) => textWidth(name, legendFont))));
  const width = legendX + (names.length > 1 ? widest + 40 : 0);
  return {
    width,
    height: top + rows * up + (rows - 1) * gap.y + bottom,
    padding: 12,
    autosize: "none",
    title: { text: title, limit: width, offset: -16, frame: "group" },
    scales: [
      { name: "colour", type: "ordinal", domain: names, range: strokes.map(({ colour }) => colour) },
      { name: "dash", type: "ordinal", domain: names, range: strokes.map(({ dash }) => [...dash]) as never },
    ],
    legends:
      names.length > 1
        ? [
            {
              stroke: "colour",
              strokeDash: "dash",
              symbolType: "stroke",
              symbolStrokeWidth: 2.5,
              orient: "none",
              legendX,
              legendY: top,
              labelFontSize: legendFont,
              labelLimit: longestName,
            },
          ]
        : [],
    marks: panels.map((panel, i) => {
      const [column, row] = [i % columns, Math.floor(i / columns)];
      return panelMark(
        panel,
        new Map(names.map((name, n) => [name, strokes[n]!])),
        left + column * (across + gap.x),
        top + row * (up + gap.y),
      );
    }),
  };
}

/** One chart, its upper left corner at the given place. */
function panelMark(
  { title, axes, series }: Panel,
  strokes: ReadonlyMap<string, Stroke>,
  x: number,
  y: number,
): GroupMark {
  if (series.length === 0) throw new RangeError(`panels: "${title}" has no series to draw`);
  const points = series.map(pointsOf);
  const all = points.flat();
  const labels = { encode: shortNumbers };
  return {
    type: "group",
    encode: {
      enter: { x: { value: x }, y: { value: y }, width: { value: across }, height: { value: up } },
    },
    title: { text: title, fontSize: 14, frame: "group", offset: 8, limit: across },
    scales: [
      {
        name: "x",
        type: "linear",
        domain: [...extent(all.map((p) => p.x))],
        range: [0, across],
        zero: false,
        nice: false,
      },
      {
        name: "y",
        type: "linear",
        domain: [...extent(all.flatMap((p) => [p.low, p.high]))],
        range: [up, 0],
        zero: true,
        nice: true,
      },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: axes.x, titleLimit: across, tickCount: 7, zindex: 1, ...labels },
      {
        orient: "left",
        scale: "y",
        title: axes.y,
        titleLimit: up,
        tickCount: 5,
        grid: true,
        gridScale: "x",
        domain: false,
        ticks: false,
        ...labels,
      },
    ],
    data: points.map((values, i) => ({ name: `line${i}`, values })),
    marks: series.flatMap(({ name, low }, i) => {
      const { colour, dash } = strokes.get(name)!;
      return [
        ...(low === undefined ? [] : [band(i, colour)]),
        line(i, colour, dash),
        ...dots(i, colour, points[i]!.length),
      ];
    }),
  };
}

const place = { x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" } } as const;

function band(i: number, colour: string): Mark {
  return {
    type: "area",
    from: { data: `line${i}` },
    encode: {
      enter: {
        x: place.x,
        y: { scale: "y", field: "low" },
        y2: { scale: "y", field: "high" },
        fill: { value: colour },
        fillOpacity: { value: 0.14 },
      },
    },
  };
}

function line(i: number, colour: string, dash: readonly number[]): Mark {
  return {
    type: "line",
    from: { data: `line${i}` },
    encode: {
      enter: {
        ...place,
        stroke: { value: colour },
        strokeWidth: { value: 1.8 },
        ...(dash.length > 0 && { strokeDash: { value: [...dash] } }),
      },
    },
  };
}

/** Where points are few, it is seen where they are. */
function dots(i: number, colour: string, n: number): Mark[] {
  if (n > 25) return [];
  return [
    {
      type: "symbol",
      from: { data: `line${i}` },
      encode: { enter: { ...place, size: { value: 22 }, fill: { value: colour } } },
    },
  ];
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

/** The points of a line that are finite. */
function pointsOf({ name, x, y, low = y, high = y }: LineSeries): Point[] {
  if (new Set([x, y, low, high].map(({ length }) => length)).size > 1) {
    throw new RangeError(`panels: "${name}" has ${x.length} x, but ${y.length} y`);
  }
  return x
    .map((value, i) => ({ x: value, y: y[i]!, low: low[i]!, high: high[i]! }))
    .filter((p) => Object.values(p).every(Number.isFinite));
}
